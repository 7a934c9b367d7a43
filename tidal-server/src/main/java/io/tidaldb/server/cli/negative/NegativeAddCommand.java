package io.tidaldb.server.cli.negative;

import io.tidaldb.api.EntityId;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.WriteOptions;
import picocli.CommandLine.Command;

/** Says that a user does not want to see an entity. */
abstract class NegativeAddCommand extends NegativeWriteCommand {

    private final NegativeKind kind;

    NegativeAddCommand(NegativeKind kind) {
        this.kind = kind;
    }

    @Override
    final NegativeKind kind() {
        return kind;
    }

    @Override
    final Position write(HardNegatives negatives, EntityId who, EntityId what, WriteOptions options) {
        return negatives.add(kind, who, what, options);
    }

    @Command(name = "hide", description = "A user does not want to see an item: rankings for the user leave it out.")
    static final class Hide extends NegativeAddCommand {
        Hide() {
            super(NegativeKind.HIDE);
        }
    }

    @Command(name = "mute", description = "A user does not want to see what an entity is the source of.")
    static final class Mute extends NegativeAddCommand {
        Mute() {
            super(NegativeKind.MUTE);
        }
    }

    @Command(name = "block", description = "A user blocks an entity.")
    static final class Block extends NegativeAddCommand {
        Block() {
            super(NegativeKind.BLOCK);
        }
    }
}
