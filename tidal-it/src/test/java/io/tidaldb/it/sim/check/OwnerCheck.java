package io.tidaldb.it.sim.check;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * No two leaders of a slot acknowledge writes at a time: once a write that was begun after one leader's acknowledgement was acknowledged by
 * another one, the former acknowledges none that is begun later. Each leader writes under an origin of its own.
 */
public final class OwnerCheck {

    private final Map<TenantId, Map<Integer, List<Acknowledged>>> acknowledged = new TreeMap<>();

    private record Acknowledged(Origin origin, long begunNanos, long heardNanos) {}

    /** A write to one slot that was tried for the first time was acknowledged. */
    public void acknowledged(TenantId tenant, int slot, Position position, long begunNanos, long heardNanos) {
        for (WalSegmentId record : position.records()) {
            acknowledged
                    .computeIfAbsent(tenant, each -> new TreeMap<>())
                    .computeIfAbsent(slot, each -> new ArrayList<>())
                    .add(new Acknowledged(record.origin(), begunNanos, heardNanos));
        }
    }

    /** Checks all that was acknowledged so far. */
    public void check() {
        acknowledged.forEach((tenant, slots) ->
                slots.forEach((slot, writes) -> writes.forEach(each -> check(tenant, each, writes))));
    }

    private static void check(TenantId tenant, Acknowledged between, List<Acknowledged> all) {
        for (Acknowledged before : all) {
            if (before.origin.equals(between.origin) || before.heardNanos >= between.begunNanos) {
                continue;
            }
            for (Acknowledged after : all) {
                if (after.origin.equals(before.origin) && after.begunNanos > between.heardNanos) {
                    throw new AssertionError(
                            "two lead " + tenant + " at a time: " + before + ", then " + between + ", then " + after);
                }
            }
        }
    }
}
