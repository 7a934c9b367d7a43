package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.server.importing.Json;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A reconciliation plan as JSON. */
public final class ReconciliationView {

    private static final int MAX_ROWS = 10_000;

    private ReconciliationView() {}

    /**
     * Shows a plan.
     *
     * @param all whether replicas of slots that are equal are listed, too
     */
    public static ObjectNode of(Reconciliation plan, boolean all) {
        ObjectNode result = Json.object();
        long equal = plan.slots().stream().filter(Reconciliation.Slot::isEqual).count();
        result.put("done", plan.isDone())
                .put("slots", plan.slots().size())
                .put("equal", equal)
                .put("records_lacking", count(plan, Reconciliation.Action.SHIP, Reconciliation.Action.SNAPSHOT))
                .put("writes_to_take_back", count(plan, Reconciliation.Action.TAKE_BACK, null));
        ArrayNode steps = result.putArray("steps");
        ArrayNode replicas = result.putArray("replicas");
        for (Reconciliation.Slot slot : plan.slots()) {
            if (all || !slot.isEqual()) {
                slot.replicas().stream()
                        .limit(Math.max(0, MAX_ROWS - replicas.size()))
                        .forEach(each -> replicas.add(replica(slot, each)));
            }
            slot.steps().stream()
                    .limit(Math.max(0, MAX_ROWS - steps.size()))
                    .forEach(each -> steps.add(step(slot, each)));
        }
        return result;
    }

    private static long count(Reconciliation plan, Reconciliation.Action one, Reconciliation.@Nullable Action other) {
        return plan.slots().stream()
                .flatMap(slot -> slot.steps().stream())
                .filter(step -> step.action() == one || step.action() == other)
                .mapToLong(Reconciliation.Step::count)
                .sum();
    }

    private static ObjectNode replica(Reconciliation.Slot slot, Reconciliation.Replica replica) {
        return Json.object()
                .put("tenant", slot.tenant().toString())
                .put("replica", replica.replica().toString())
                .put("node", replica.node().name())
                .put("records", replica.records())
                .put("counted_twice", replica.doubled())
                .put("digest", replica.digest())
                .put("problem", replica.problem());
    }

    private static ObjectNode step(Reconciliation.Slot slot, Reconciliation.Step step) {
        Origin origin = step.origin();
        ReplicaId from = step.from();
        return Json.object()
                .put("action", step.action().name().toLowerCase(Locale.ROOT))
                .put("tenant", slot.tenant().toString())
                .put("origin", origin == null ? null : origin.toString())
                .put("from", from == null ? null : from.toString())
                .put("to", step.to().toString())
                .put("from_seqno", step.fromSeqno() == 0 ? null : Seqno.print(step.fromSeqno()))
                .put("to_seqno", step.toSeqno() == 0 ? null : Seqno.print(step.toSeqno()))
                .put("count", step.count());
    }
}
