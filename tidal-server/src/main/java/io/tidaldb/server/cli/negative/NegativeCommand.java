package io.tidaldb.server.cli.negative;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** What users do not want to see. */
@Command(
        name = "negative",
        description = "Hides, mutes and blocks for a user, withdraws that, and lists it.",
        subcommands = {
            NegativeAddCommand.Hide.class,
            NegativeAddCommand.Mute.class,
            NegativeAddCommand.Block.class,
            NegativeWithdrawCommand.class,
            NegativeListCommand.class
        })
public final class NegativeCommand extends CommandGroup {}
