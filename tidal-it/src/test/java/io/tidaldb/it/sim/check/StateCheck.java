package io.tidaldb.it.sim.check;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.ingest.Digests;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.it.sim.SimulatedCluster;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * All replicas of a slot are in the same state, to the bit, and it is what the log says: an entity has as many events as there are in the
 * log. Whoever reads in another region gets the same answer, which is fresh. To be asked when all have converged.
 */
public final class StateCheck {

    private static final Duration FRESH = Duration.ofSeconds(5);

    private final SimulatedCluster cluster;

    /** Checks states of a cluster. */
    public StateCheck(SimulatedCluster cluster) {
        this.cluster = cluster;
    }

    /** Checks all slots of all tenants. */
    public void check() {
        for (Tenant tenant : cluster.tidal().tenants()) {
            for (ReplicaId leader : tenant.placement()) {
                compare(tenant, leader);
                count(tenant, leader);
            }
        }
    }

    /** Checks that replicas are in the same state, whatever their logs hold. */
    public void compare() {
        cluster.tidal().tenants().forEach(tenant -> tenant.placement().forEach(leader -> compare(tenant, leader)));
    }

    private void compare(Tenant tenant, ReplicaId leader) {
        List<TenantShard> replicas = Replicas.of(cluster.tidal(), tenant.id(), leader.shard());
        List<ReplicaId> members = Members.of(cluster, tenant, leader.shard());
        List<ReplicaId> there = replicas.stream().map(TenantShard::replica).toList();
        if (!there.equals(members)) {
            throw new AssertionError(tenant.id() + " is on " + there + ": expected " + members);
        }
        Map<String, String> expected = new TreeMap<>();
        for (TenantShard replica : replicas) {
            TidalException damage = replica.damage();
            if (damage != null) {
                throw new AssertionError(tenant.id() + " is quarantined on " + replica.replica(), damage);
            }
            if (replica.replica().equals(leader)) {
                expected = state(replica);
            }
        }
        for (TenantShard replica : replicas) {
            if (!state(replica).equals(expected)) {
                throw new AssertionError(tenant.id() + " is in state " + state(replica) + " on " + replica.replica()
                        + ", and in " + expected + " on " + leader);
            }
        }
    }

    private static Map<String, String> state(TenantShard replica) {
        Map<String, String> state = Digests.of(replica);
        // An origin that was opened and never written.
        state.keySet().removeIf(origin -> origin.endsWith("#0"));
        return state;
    }

    /** A type of signal of an entity. */
    private record Pair(long entity, int type) implements Comparable<Pair> {

        @Override
        public int compareTo(Pair other) {
            return entity != other.entity ? Long.compare(entity, other.entity) : Integer.compare(type, other.type);
        }
    }

    private void count(Tenant tenant, ReplicaId leader) {
        Map<Pair, Long> counts = new TreeMap<>();
        List<String> types =
                cluster.tidal().signals().stream().map(SignalType::name).toList();
        tenant.export(signal -> {
            if (signal.position().shard().equals(leader.shard())) {
                counts.merge(new Pair(signal.entity().value(), types.indexOf(signal.type())), 1L, Long::sum);
            }
        });
        for (ReplicaId member : Members.of(cluster, tenant, leader.shard())) {
            counts.forEach((pair, count) -> {
                Reading there = read(tenant, types.get(pair.type), pair.entity, member);
                if (there.count() != count) {
                    throw new AssertionError("entity " + pair + " of " + tenant.id() + " has " + there.count()
                            + " events on " + member + ", and " + count + " in the log");
                }
                Reading led = read(tenant, types.get(pair.type), pair.entity, leader);
                if (Double.doubleToLongBits(led.score()) != Double.doubleToLongBits(there.score())) {
                    throw new AssertionError("entity " + pair + " of " + tenant.id() + " has score " + there.score()
                            + " on " + member + ", and " + led.score() + " on " + leader);
                }
                if (there.staleness().compareTo(FRESH) > 0) {
                    throw new AssertionError(tenant.id() + " is said to be stale by " + there.staleness() + " on "
                            + member + " though nothing is wrong");
                }
            });
        }
    }

    private static Reading read(Tenant tenant, String type, long entity, ReplicaId at) {
        return tenant.read(type, entity, ReadOptions.DEFAULT.in(at.region()));
    }
}
