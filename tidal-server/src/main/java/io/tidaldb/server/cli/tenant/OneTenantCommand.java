package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreOptions;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command about one tenant, named as an argument or as an option. */
abstract class OneTenantCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Parameters(arity = "0..1", paramLabel = "T", description = "Number or label.")
    @Nullable
    private String argument;

    @Option(
            names = {"--tenant", "--id"},
            paramLabel = "T",
            description = "The same, as an option.")
    @Nullable
    private String option;

    /** Does it, and returns the exit code. */
    abstract int run(Backend backend, TenantId tenant);

    @Override
    public final Integer call() throws IOException {
        if ((argument == null) == (option == null)) {
            throw CliException.usage("which tenant? Expected its number or label, once");
        }
        String name = argument != null ? argument : String.valueOf(option);
        try (Backend backend = store.open(token())) {
            return run(backend, backend.named(name));
        }
    }
}
