package io.tidaldb.api;

import java.util.regex.Pattern;

/**
 * A node: one process, or one of several nodes in a process. A short name, {@code n0}.
 *
 * <p>Names {@code client-NAME-INSTANCE}, the instance being 8 hexadecimal digits, are those of clients, which ask nodes and are none
 * themselves.
 *
 * @param name 1 to 63 characters: lower-case letters, digits and inner hyphens
 */
public record NodeId(String name) implements Comparable<NodeId> {

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern CLIENT = Pattern.compile("client-[a-z0-9-]+-[0-9a-f]{8}");
    private static final int INSTANCE = 9;

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

    /**
     * Returns the name of a client.
     *
     * @param name what several processes may share, 1 to 40 characters as in a node's name
     * @param instance tells them apart
     */
    public static NodeId client(String name, int instance) {
        if (name.length() > 40 || !NAME.matcher(name).matches()) {
            throw TidalException.invalid("client name " + IdentityText.echo(name)
                    + " is not valid: expected 1 to 40 lower-case letters, digits and inner hyphens");
        }
        return new NodeId(String.format("client-%s-%08x", name, instance));
    }

    /** Returns whether this is a client's name. */
    public boolean isClient() {
        return CLIENT.matcher(name).matches();
    }

    /** Returns the name that a certificate states: that of a node; of a client, {@code client-NAME}, whatever its instance. */
    public String certifiedName() {
        return isClient() ? name.substring(0, name.length() - INSTANCE) : name;
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
