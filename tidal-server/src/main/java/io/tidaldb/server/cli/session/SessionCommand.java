package io.tidaldb.server.cli.session;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Sessions of users. */
@Command(
        name = "session",
        description = "Starts sessions of users, writes to them, shows, closes and exports them.",
        subcommands = {
            SessionStartCommand.class,
            SessionWriteCommand.class,
            SessionShowCommand.class,
            SessionCloseCommand.class,
            SessionExportCommand.class
        })
public final class SessionCommand extends CommandGroup {}
