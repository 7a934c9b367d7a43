package io.tidaldb.server.cli.upgrade;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.Output;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Waits until a node is where it was sent, telling on the way what it waits for. */
final class UpgradeWait {

    private static final long LOOK_MILLIS = 100;
    private static final Duration UNTIL_DECIDED = Duration.ofSeconds(30);

    private final ServerClient client;
    private final Output output;
    private final String node;
    private @Nullable String told;

    UpgradeWait(ServerClient client, Output output, String node) {
        this.client = client;
        this.output = output;
        this.node = node;
    }

    /** Asks for a change until it is agreed on or refused: while others take over, nobody decides for a moment. */
    ObjectNode begin(String path) throws InterruptedException {
        long end = System.nanoTime() + UNTIL_DECIDED.toNanos();
        while (true) {
            try {
                return client.call(Request.change("POST", path, null));
            } catch (TidalException e) {
                boolean again = e.isRetryable() && e.code().outcome() == Outcome.NOT_APPLIED;
                if (!again || System.nanoTime() - end > 0) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            }
        }
    }

    /**
     * Returns how the node is when it has the state.
     *
     * @param on the states through which it comes there; in any other one it goes somewhere else
     * @throws CliException if it was undone
     */
    ObjectNode until(String wanted, String... on) throws InterruptedException {
        while (true) {
            ObjectNode now = look();
            String state = now == null ? "" : now.path("state").asText();
            if (now != null && state.equals(wanted)) {
                return now;
            }
            if (now != null && !List.of(on).contains(state)) {
                String failure = now.path("failure").asText("");
                throw CliException.refused("node " + node + " is " + state + ", not " + wanted
                        + (failure.isEmpty() || failure.equals("null") ? "" : ": " + failure));
            }
            tell(now);
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    private @Nullable ObjectNode look() {
        try {
            for (JsonNode each : client.call(Request.get("/v1/upgrades")).path("nodes")) {
                if (each.path("node").asText().equals(node) && each instanceof ObjectNode found) {
                    return found;
                }
            }
            throw CliException.failed("node " + node + " is no node of the cluster any more");
        } catch (TidalException e) {
            // Whoever was asked may be the one that is being replaced.
            if (e.isRetryable()) {
                return null;
            }
            throw e;
        }
    }

    private void tell(@Nullable ObjectNode now) {
        String waiting = now == null ? null : now.path("waits_for").asText(null);
        if (waiting != null && !waiting.equals("null") && !waiting.equals(told)) {
            told = waiting;
            output.note(waiting);
        }
    }
}
