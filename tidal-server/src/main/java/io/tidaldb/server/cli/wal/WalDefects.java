package io.tidaldb.server.cli.wal;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.formats.NodeInspection;
import io.tidaldb.server.importing.Json;

/** Keeps what is torn off or damaged in logs, for a result. */
abstract class WalDefects implements NodeInspection {

    private final ArrayNode tornTails = Json.object().arrayNode();
    private final ArrayNode damage = Json.object().arrayNode();

    @Override
    public final void tornTail(String file, long offset, long bytes) {
        tornTails.add(Json.object().put("file", file).put("offset", offset).put("bytes", bytes));
    }

    @Override
    public final void damage(String file, long offset, String expected, String actual) {
        damage.add(Json.object()
                .put("file", file)
                .put("offset", offset)
                .put("expected", expected)
                .put("actual", actual));
    }

    /** Returns the number of places that are damaged; a torn tail is not. */
    final int damages() {
        return damage.size();
    }

    final boolean ok() {
        return damage.isEmpty();
    }

    /** Adds all of it to a result. */
    final void describe(ObjectNode result) {
        result.set("torn_tails", tornTails);
        result.set("damage", damage);
    }
}
