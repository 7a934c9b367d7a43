package io.tidaldb.server.cli.wal;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Logs, offline. */
@Command(
        name = "wal",
        description = "Looks into the logs of a data directory; never writes, never locks.",
        subcommands = {WalInspectCommand.class, WalVerifyCommand.class, WalDumpCommand.class})
public final class WalCommand extends CommandGroup {}
