package io.tidaldb.core.control;

import java.util.Optional;

/** Reads what members propose about migrations: for tests that do something right then. */
public final class MigrationCommands {

    private static final CommandCodec CODEC = new CommandCodec();

    private MigrationCommands() {}

    /** Returns what a command says about a migration, if it is about one. */
    public static Optional<ClusterCommand.OfMigration> of(byte[] command) {
        return CODEC.decode(command) instanceof ClusterCommand.OfMigration found
                ? Optional.of(found)
                : Optional.empty();
    }
}
