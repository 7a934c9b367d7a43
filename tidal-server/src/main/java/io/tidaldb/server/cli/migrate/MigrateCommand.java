package io.tidaldb.server.cli.migrate;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Commands about migrations. */
@Command(
        name = "migrate",
        description = "Moves tenants to other shards while they are read and written.",
        subcommands = {
            MigrateStartCommand.class,
            MigrateStatusCommand.class,
            MigrateListCommand.class,
            MigrateAbortCommand.class,
            MigrateReverseCommand.class,
            MigratePauseCommand.class,
            MigrateResumeCommand.class
        })
public final class MigrateCommand extends CommandGroup {}
