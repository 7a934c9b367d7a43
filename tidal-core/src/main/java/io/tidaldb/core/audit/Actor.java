package io.tidaldb.core.audit;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.util.regex.Pattern;

/**
 * Who asks for a change.
 *
 * @param who 1 to 64 printable ASCII characters: {@code local} for whoever has the instance in his process, {@code node n1} for the cluster
 *     itself, {@code token 0123456789ab} for whoever has that token
 * @param from where it was asked for, 1 to 64 printable ASCII characters: an address or the name of a node
 */
public record Actor(String who, String from) {

    private static final Pattern PRINTABLE = Pattern.compile("[\\x20-\\x7e]{1,64}");

    /** @throws TidalException INVALID_ARGUMENT if a text is too long, empty, or not printable */
    public Actor {
        check("who", who);
        check("from", from);
    }

    private static void check(String field, String text) {
        if (!PRINTABLE.matcher(text).matches()) {
            throw TidalException.invalid(
                    "\"" + field + "\" of an actor is not valid: expected 1 to 64 printable ASCII characters, got "
                            + text.length() + " characters");
        }
    }

    /** Returns whoever has the instance in his process, next to this node. */
    public static Actor local(NodeId node) {
        return new Actor("local", node.name());
    }

    /** Returns a node that does by itself what keeps the cluster going. */
    public static Actor node(NodeId node) {
        return new Actor("node " + node.name(), node.name());
    }
}
