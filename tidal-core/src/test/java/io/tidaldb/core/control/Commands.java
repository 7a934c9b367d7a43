package io.tidaldb.core.control;

import java.util.Optional;

/** Reads what members propose: for tests that do something right then. */
public final class Commands {

    private static final CommandCodec CODEC = new CommandCodec();

    private Commands() {}

    /** Returns a command if it is of a kind. */
    public static <T extends ClusterCommand> Optional<T> of(byte[] command, Class<T> kind) {
        return Optional.of(CODEC.decode(command)).filter(kind::isInstance).map(kind::cast);
    }
}
