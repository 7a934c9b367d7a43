package io.tidaldb.server.cli.signal;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.NewStoreOptions;
import io.tidaldb.server.cli.option.DurationText;
import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "declare", description = "Declares a type of signal.")
@SuppressWarnings("NullAway.Init")
final class SignalDeclareCommand extends CliCommand {

    @Mixin
    private final NewStoreOptions store = new NewStoreOptions();

    @Parameters(paramLabel = "NAME", description = "Letters, digits, _, - and .; up to 64.")
    private String name;

    @Option(
            names = "--half-life",
            defaultValue = "7d",
            converter = DurationText.class,
            paramLabel = "7d",
            description = "The time in which a score halves (default: ${DEFAULT-VALUE}).")
    private Duration halfLife;

    @Override
    public Integer call() throws IOException {
        try (Backend backend = store.openUndeclared(token())) {
            output().result(backend.declareSignal(name, halfLife));
            return ExitCodes.DONE;
        }
    }
}
