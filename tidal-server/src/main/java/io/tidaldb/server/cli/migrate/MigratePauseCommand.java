package io.tidaldb.server.cli.migrate;

import picocli.CommandLine.Command;

@Command(name = "pause", description = "Stops copying until it is resumed.")
final class MigratePauseCommand extends MigrateSwitchCommand {

    MigratePauseCommand() {
        super("pause");
    }
}
