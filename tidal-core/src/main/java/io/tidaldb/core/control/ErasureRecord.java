package io.tidaldb.core.control;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is agreed on the erasure of a tenant.
 *
 * @param life tells the tenant from others that have had or will have its id
 * @param nodes those that had, or could have had, something of it; with the time at which nothing of it was in any of its files any more, in
 *     milliseconds since 1970, or 0 until then
 * @param encrypted whether it had keys of its own, which went with it
 */
public record ErasureRecord(TenantId tenant, long life, SortedMap<NodeId, Long> nodes, boolean encrypted) {

    /** Copies the map. */
    public ErasureRecord {
        nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
    }

    /** Returns whether nothing of the tenant is anywhere any more. */
    public boolean isComplete() {
        return nodes.values().stream().allMatch(millis -> millis > 0);
    }

    /** Returns whether a node has still to say that nothing of the tenant is in its files. */
    public boolean isPending(NodeId node) {
        return Long.valueOf(0).equals(nodes.get(node));
    }

    ErasureRecord confirmed(NodeId node, long atMillis) {
        SortedMap<NodeId, Long> changed = new TreeMap<>(nodes);
        changed.computeIfPresent(node, (name, millis) -> millis == 0 ? Long.valueOf(atMillis) : millis);
        return new ErasureRecord(tenant, life, changed, encrypted);
    }
}
