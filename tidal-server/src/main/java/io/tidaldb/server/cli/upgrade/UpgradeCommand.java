package io.tidaldb.server.cli.upgrade;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Commands that replace a cluster's software, one node at a time. */
@Command(
        name = "upgrade",
        description = "Takes nodes out of service, one at a time, and brings them back with another version.",
        subcommands = {
            UpgradePlanCommand.class,
            UpgradeDrainCommand.class,
            UpgradeRejoinCommand.class,
            UpgradeStatusCommand.class,
            UpgradeCheckCommand.class,
            UpgradeFinalizeCommand.class
        })
public final class UpgradeCommand extends CommandGroup {}
