package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Commands about a whole cluster. */
@Command(
        name = "cluster",
        description = "Nodes on this machine, as processes; the state of a cluster, wherever it is.",
        subcommands = {
            ClusterUpCommand.class,
            ClusterDownCommand.class,
            ClusterStatusCommand.class,
            ClusterPromoteCommand.class,
            ClusterDrillCommand.class,
            ClusterInitCommand.class,
            ClusterNodesCommand.class,
            ClusterJoinCommand.class,
            ClusterReplaceCommand.class,
            ClusterRemoveCommand.class,
            ClusterReconcileCommand.class
        })
public final class ClusterCommand extends CommandGroup {}
