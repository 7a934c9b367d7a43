package io.tidaldb.core.control;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is agreed on the erasure of an entity.
 *
 * @param number from 1, never used twice
 * @param life tells the tenant from others that have had or will have its id; 0 if that is not known, as the record is of an older version
 * @param atMillis when it was asked for
 * @param round how often nodes were to confirm it once more, as slots had come to them
 * @param nodes those that have, or could have, something of the tenant
 */
public record EntityErasureRecord(
        long number,
        TenantId tenant,
        long life,
        long entity,
        long atMillis,
        long round,
        SortedMap<NodeId, Confirmation> nodes) {

    /**
     * What a node has said.
     *
     * @param atMillis when nothing of it was in any of its files any more; 0 until then
     * @param through where the erasure stands in the logs of its slots
     */
    public record Confirmation(long atMillis, List<String> through) {

        static final Confirmation PENDING = new Confirmation(0, List.of());

        /** Copies the list. */
        public Confirmation {
            through = List.copyOf(through);
        }
    }

    /** Copies the map. */
    public EntityErasureRecord {
        nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
    }

    /** Returns whether nothing of it is anywhere any more. */
    public boolean isComplete() {
        return nodes.values().stream().allMatch(each -> each.atMillis > 0);
    }

    /** Returns whether a node has still to confirm it. */
    public boolean isPending(NodeId node) {
        Confirmation said = nodes.get(node);
        return said != null && said.atMillis == 0;
    }

    /** Returns it in its next round: these nodes have to confirm it, also if they have before. */
    EntityErasureRecord again(Collection<NodeId> by) {
        SortedMap<NodeId, Confirmation> changed = new TreeMap<>(nodes);
        by.forEach(node -> changed.put(node, Confirmation.PENDING));
        return in(round + 1, changed);
    }

    /** Returns it without a node. */
    EntityErasureRecord without(NodeId node) {
        SortedMap<NodeId, Confirmation> changed = new TreeMap<>(nodes);
        changed.remove(node, Confirmation.PENDING);
        return in(round, changed);
    }

    EntityErasureRecord confirmed(ClusterCommand.ConfirmEntityErasure by) {
        SortedMap<NodeId, Confirmation> changed = new TreeMap<>(nodes);
        changed.computeIfPresent(
                by.node(), (name, said) -> said.atMillis > 0 ? said : new Confirmation(by.atMillis(), by.through()));
        return in(round, changed);
    }

    private EntityErasureRecord in(long next, SortedMap<NodeId, Confirmation> changed) {
        return new EntityErasureRecord(number, tenant, life, entity, atMillis, next, changed);
    }
}
