package io.tidaldb.core.report;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ClusterHealth;
import java.util.ArrayList;
import java.util.List;

/** Counts what becomes of tenants if a node is lost. Confined to one thread. */
final class LossTally {

    private static final int MAX_EXAMPLES = 20;

    private final NodeId node;
    private final List<TenantId> examples = new ArrayList<>();
    private int moves;
    private int readOnly;
    private int unavailable;
    private int losesData;

    LossTally(NodeId node) {
        this.node = node;
    }

    /** Counts tenants that all have slots like these. */
    void add(List<TenantId> tenants, List<Redundancy.Slot> slots, Redundancy.Deciders deciders) {
        Redundancy.Fate worst = Redundancy.Fate.SERVES;
        boolean loses = false;
        for (Redundancy.Slot slot : slots) {
            Redundancy.Fate fate = Redundancy.fate(slot, deciders, node::equals);
            worst = fate.compareTo(worst) > 0 ? fate : worst;
            loses = loses || !Redundancy.keepsData(slot, node::equals);
        }
        switch (worst) {
            case SERVES -> {}
            case MOVES -> moves += tenants.size();
            case READ_ONLY -> readOnly += tenants.size();
            case UNAVAILABLE -> unavailable += tenants.size();
        }
        losesData += loses ? tenants.size() : 0;
        if (loses || worst.compareTo(Redundancy.Fate.MOVES) > 0) {
            examples.addAll(tenants);
        }
    }

    ClusterHealth.IfLost result() {
        List<TenantId> first = examples.stream().sorted().limit(MAX_EXAMPLES).toList();
        return new ClusterHealth.IfLost(node, moves, readOnly, unavailable, losesData, first);
    }
}
