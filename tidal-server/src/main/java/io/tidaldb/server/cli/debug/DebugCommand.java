package io.tidaldb.server.cli.debug;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Commands for drills. */
@Command(
        name = "debug",
        description = "Faults for drills, in nodes whose configuration allows them.",
        subcommands = {DebugPartitionCommand.class})
public final class DebugCommand extends CommandGroup {}
