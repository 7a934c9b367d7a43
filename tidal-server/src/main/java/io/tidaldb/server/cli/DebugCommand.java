package io.tidaldb.server.cli;

import picocli.CommandLine.Command;

/** Commands for drills. */
@Command(
        name = "debug",
        description = "Faults for drills, in nodes whose configuration allows them.",
        subcommands = {DebugPartitionCommand.class})
public final class DebugCommand extends CommandGroup {}
