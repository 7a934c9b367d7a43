package io.tidaldb.core.control;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is agreed on the erasure of an entity.
 *
 * @param number from 1, never used twice
 * @param life tells the tenant from others that have had or will have its id; 0 if that is not known, as the record is of an older version
 * @param atMillis when it was asked for
 * @param round how often all nodes were to confirm it once more
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
     * @param closed what of the slots' logs it had had that may come from elsewhere, by slot
     */
    public record Confirmation(long atMillis, List<String> through, SortedMap<Integer, ClosedLogs> closed) {

        static final Confirmation PENDING = new Confirmation(0, List.of(), Collections.emptySortedMap());

        /** Copies list and map. */
        public Confirmation {
            through = List.copyOf(through);
            closed = ClosedLogs.copy(closed);
        }

        /** Returns whether more of the logs may come to whoever has said this from one that has these. */
        boolean mayComeFrom(SortedMap<Integer, ClosedLogs> others) {
            return closed.entrySet().stream()
                    .anyMatch(each -> each.getValue().mayComeFrom(others.getOrDefault(each.getKey(), each.getValue())));
        }

        private Confirmation ofOneThatIsGone() {
            return new Confirmation(atMillis, through, Collections.emptySortedMap());
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

    /**
     * Returns it after a node is gone for good. What that may have sent to others they have to erase: if it is not complete, all that are left have
     * to confirm it again, and none that was gone before.
     *
     * @param left the nodes that have shards now
     * @param successor who takes its place; null if nobody does
     */
    EntityErasureRecord without(SortedSet<NodeId> left, @Nullable NodeId successor) {
        if (isComplete()) {
            return this;
        }
        SortedMap<NodeId, Confirmation> changed = new TreeMap<>(nodes);
        changed.entrySet().removeIf(each -> each.getValue().atMillis == 0 && !left.contains(each.getKey()));
        changed.replaceAll((each, said) -> left.contains(each) ? Confirmation.PENDING : said.ofOneThatIsGone());
        if (successor != null) {
            changed.put(successor, Confirmation.PENDING);
        }
        return in(round + 1, changed);
    }

    /** Returns a node that has had more of the logs than who confirms, or another part of them; empty if there is none. */
    Optional<NodeId> ahead(ClusterCommand.ConfirmEntityErasure by) {
        Confirmation now = confirmation(by);
        return nodes.entrySet().stream()
                .filter(each -> now.mayComeFrom(each.getValue().closed))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** Returns it with a confirmation; who has confirmed before, and may be sent more by who confirms now, has to do so again. */
    EntityErasureRecord confirmed(ClusterCommand.ConfirmEntityErasure by) {
        SortedMap<NodeId, Confirmation> changed = new TreeMap<>(nodes);
        changed.replaceAll((node, said) -> said.mayComeFrom(by.closed()) ? Confirmation.PENDING : said);
        changed.computeIfPresent(by.node(), (name, said) -> said.atMillis > 0 ? said : confirmation(by));
        return in(round, changed);
    }

    private static Confirmation confirmation(ClusterCommand.ConfirmEntityErasure by) {
        return new Confirmation(by.atMillis(), by.through(), by.closed());
    }

    private EntityErasureRecord in(long next, SortedMap<NodeId, Confirmation> changed) {
        return new EntityErasureRecord(number, tenant, life, entity, atMillis, next, changed);
    }
}
