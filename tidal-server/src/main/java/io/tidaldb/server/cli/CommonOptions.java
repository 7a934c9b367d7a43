package io.tidaldb.server.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The options that every command takes, wherever they stand. */
public final class CommonOptions {

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
            description = "API token for a server; not needed for a data directory.")
    @Nullable
    private String token;

    /** Returns the output that these options ask for, on the command's streams. */
    static Output outputOf(CommandSpec spec) {
        CommonOptions common = (CommonOptions)
                Objects.requireNonNull(spec.root().mixins().get("common")).userObject();
        return new Output(spec.commandLine().getOut(), spec.commandLine().getErr(), common.format);
    }

    /** Returns the token, or null. */
    @Nullable
    String token() {
        return token;
    }
}
