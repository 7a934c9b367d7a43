package io.tidaldb.server.cli;

import picocli.CommandLine.Command;

/** Logs, offline. */
@Command(
        name = "wal",
        description = "Looks into the logs of a data directory; never writes, never locks.",
        subcommands = {WalInspectCommand.class, WalVerifyCommand.class, WalDumpCommand.class})
public final class WalCommand extends CommandGroup {}
