package io.tidaldb.server.cli;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options that every command takes, wherever they stand. */
public final class CommonOptions {

    private static final String TOKEN = "TIDAL_TOKEN";

    @Option(
            names = "--output",
            scope = ScopeType.INHERIT,
            defaultValue = "table",
            paramLabel = "table|json",
            description = "How results are printed (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init")
    private Output.Format format;

    @Option(
            names = "--token",
            scope = ScopeType.INHERIT,
            paramLabel = "TOKEN",
            description = "API token for a server (default: what TIDAL_TOKEN holds); a data directory needs none.")
    @Nullable
    private String token;

    /** Returns the output that these options ask for, on the command's streams. */
    static Output outputOf(CommandSpec spec) {
        CommonOptions common = of(spec);
        return new Output(spec.commandLine().getOut(), spec.commandLine().getErr(), common.format);
    }

    /** Returns the token: that of the command line, else that of the environment, else null. */
    static @Nullable String tokenOf(CommandSpec spec, Map<String, String> environment) {
        String given = of(spec).token;
        String inherited = environment.getOrDefault(TOKEN, "");
        return given != null || inherited.isEmpty() ? given : inherited;
    }

    private static CommonOptions of(CommandSpec spec) {
        return (CommonOptions)
                Objects.requireNonNull(spec.root().mixins().get("common")).userObject();
    }
}
