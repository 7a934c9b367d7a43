package io.tidaldb.api;

import java.util.regex.Pattern;

/**
 * A node: one process, or one of several nodes in a process. A short name, {@code n0}.
 *
 * @param name 1 to 63 characters: lower-case letters, digits and inner hyphens
 */
public record NodeId(String name) implements Comparable<NodeId> {

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    /** @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the name has another form */
    public NodeId {
        if (!NAME.matcher(name).matches()) {
            throw TidalException.invalid("node name " + IdentityText.echo(name)
                    + " is not valid: expected 1 to 63 lower-case letters, digits and inner hyphens");
        }
    }

    /** Returns the node with this name. */
    public static NodeId of(String name) {
        return new NodeId(name);
    }

    @Override
    public int compareTo(NodeId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
