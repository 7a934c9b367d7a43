package io.tidaldb.server.cli.signal;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Everything that records signals, and checks them. */
@Command(
        name = "signal",
        description =
                "Records events: one, a file, a load; declares their types; verifies and hands out what was recorded.",
        subcommands = {
            SignalRecordCommand.class,
            SignalImportCommand.class,
            SignalLoadCommand.class,
            SignalVerifyCommand.class,
            SignalExportCommand.class,
            SignalDeclareCommand.class,
            SignalTypesCommand.class
        })
public final class SignalCommand extends CommandGroup {}
