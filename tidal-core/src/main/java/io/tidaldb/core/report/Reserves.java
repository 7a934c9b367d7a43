package io.tidaldb.core.report;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.control.ControlPlane;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Keeps what is promised to tenants as reserved rate within what a node can do: a promise beyond that would be none. */
public final class Reserves {

    private final @Nullable Double capacity;
    private final Function<ReplicaId, NodeId> nodes;

    /**
     * Creates the rule.
     *
     * @param capacity signals a second of each node, or null if nobody has said
     * @param nodes where each shard is
     */
    public Reserves(@Nullable Double capacity, Function<ReplicaId, NodeId> nodes) {
        this.capacity = capacity;
        this.nodes = nodes;
    }

    /**
     * Checks a tenant's reserve on each node that holds it, next to those of all others. A tenant's reserve is spread evenly over its slots.
     *
     * @throws TidalException INVALID_ARGUMENT if a node can't keep it
     */
    public void check(TenantConfig config, List<ReplicaId> placement, ControlPlane control) {
        if (capacity == null || config.reservedSignalsPerSecond().isEmpty()) {
            return;
        }
        for (NodeId node : new TreeSet<>(placement.stream().map(nodes).toList())) {
            Load load = load(node, config, placement, control).orElseThrow();
            if (!load.fits()) {
                throw TidalException.invalid("tenant " + config.id() + " asks for a reserve of " + load.own
                        + " signals a second on node " + node + ", of whose " + capacity
                        + " other tenants have reserved "
                        + load.others + ": expected at most " + Math.max(0, capacity - load.others)
                        + "; reserve less, place it elsewhere, or raise the node's capacity");
            }
        }
    }

    /**
     * What is reserved on a node, in signals a second.
     *
     * @param own by the tenant that is looked at
     */
    record Load(double own, double others, double capacity) {

        boolean fits() {
            return own + others <= capacity;
        }
    }

    /** Returns what a tenant and all others reserve on a node, if it is known what that can do. */
    Optional<Load> load(NodeId node, TenantConfig config, List<ReplicaId> placement, ControlPlane control) {
        if (capacity == null) {
            return Optional.empty();
        }
        double others = control.tenants().values().stream()
                .filter(other -> !other.config().id().equals(config.id()))
                .mapToDouble(other -> on(node, other.config(), other.placement()))
                .sum();
        return Optional.of(new Load(on(node, config, placement), others, capacity));
    }

    private double on(NodeId node, TenantConfig config, List<ReplicaId> placement) {
        long slots = placement.stream().map(nodes).filter(node::equals).count();
        return config.reservedSignalsPerSecond().orElse(0) * slots / placement.size();
    }
}
