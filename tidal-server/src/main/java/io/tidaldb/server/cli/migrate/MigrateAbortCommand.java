package io.tidaldb.server.cli.migrate;

import picocli.CommandLine.Command;

@Command(
        name = "abort",
        description = "Gives a migration up before the slot has changed hands.",
        footer = {"", "The source goes on as before, and what the target has is erased."})
final class MigrateAbortCommand extends MigrateBackCommand {

    MigrateAbortCommand() {
        super("abort", "COMPLETE");
    }
}
