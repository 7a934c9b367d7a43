package io.tidaldb.server.cli.migrate;

import picocli.CommandLine.Command;

@Command(name = "resume", description = "Lets migrations go on that were stopped.")
final class MigrateResumeCommand extends MigrateSwitchCommand {

    MigrateResumeCommand() {
        super("resume");
    }
}
