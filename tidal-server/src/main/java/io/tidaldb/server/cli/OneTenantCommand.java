package io.tidaldb.server.cli;

import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A command about one tenant, named as an argument or as an option. */
abstract class OneTenantCommand extends CliCommand {

    @Mixin
    private final DataDirectory store = new DataDirectory();

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
    abstract int run(Tidal tidal, Tenant tenant);

    @Override
    public final Integer call() {
        if ((argument == null) == (option == null)) {
            throw CliException.usage("which tenant? Expected its number or label, once");
        }
        String name = argument != null ? argument : String.valueOf(option);
        try (Tidal tidal = store.openExisting()) {
            return run(tidal, Tenants.named(tidal, name));
        }
    }
}
