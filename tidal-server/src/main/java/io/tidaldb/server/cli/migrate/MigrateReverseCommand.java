package io.tidaldb.server.cli.migrate;

import picocli.CommandLine.Command;

@Command(
        name = "reverse",
        description = "Moves a slot back to its former shard while that is held.",
        footer = {"", "The same again, the other way round; it can be aborted, and reversed again."})
final class MigrateReverseCommand extends MigrateBackCommand {

    MigrateReverseCommand() {
        super("reverse", "ABORTED");
    }
}
