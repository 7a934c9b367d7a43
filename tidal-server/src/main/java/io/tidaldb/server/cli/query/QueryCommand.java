package io.tidaldb.server.cli.query;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Reads. */
@Command(
        name = "query",
        description = "Reads scores, counts, velocities and rankings.",
        subcommands = {
            QueryScoreCommand.class,
            QueryCountCommand.class,
            QueryVelocityCommand.class,
            QueryTopCommand.class
        })
public final class QueryCommand extends CommandGroup {}
