package io.tidaldb.it.sim.check;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.it.sim.SimulatedCluster;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Logs have no gaps and their chains hold; replicas hold the same bytes; what was acknowledged is in them, once; what was refused is not;
 * and nothing that nobody wrote. To be asked when all have converged.
 */
public final class LogCheck {

    private final SimulatedCluster cluster;
    private final History history;
    private final Map<ReplicaId, Logs> logs = new TreeMap<>();

    /** How often each signal counts, by event time: a log may hold more, which a takeover or an adoption has made void. */
    private final Map<Long, Integer> found = new HashMap<>();

    /** Which signal is where. */
    private final Map<Place, Long> places = new HashMap<>();

    /** The place of a record, which is one record's for ever. */
    private record Place(TenantId tenant, WalSegmentId at) {}

    private LogCheck(SimulatedCluster cluster, History history) {
        this.cluster = cluster;
        this.history = history;
    }

    /** Checks all logs. */
    public static void check(SimulatedCluster cluster, History history) {
        new LogCheck(cluster, history).check();
    }

    /** Writes all logs into the trace. */
    public static void print(SimulatedCluster cluster) {
        for (ReplicaId replica : cluster.replicas()) {
            Logs held = Logs.on(cluster.machine(replica));
            for (LogId log : held.logs()) {
                for (WalBatch batch : held.of(log)) {
                    cluster.machine(replica)
                            .note("holds " + log + " " + Seqno.print(batch.firstSeqno()) + " to "
                                    + Seqno.print(batch.lastSeqno()) + ", " + batch.kind() + ", chain "
                                    + Long.toHexString(batch.chain()) + ", hlc " + Long.toHexString(batch.hlc())
                                    + ": " + content(batch));
                }
            }
        }
    }

    private static List<Object> content(WalBatch batch) {
        List<Object> content = new ArrayList<>();
        if (batch.kind() == RecordKind.CONTROL) {
            BodyRecords.decode(batch).forEach(body -> content.add(ControlRecord.decode(body)));
        } else if (batch.kind() == RecordKind.SIGNALS) {
            ByteBuffer payload = batch.payload();
            List<KeyBlock.Entry> keys = KeyBlock.read(batch);
            content.addAll(keys);
            int at = KeyBlock.bytes(keys.size());
            for (int i = 0; i < batch.count(); i++, at += SignalRecords.BYTES) {
                content.add(SignalRecords.eventNanos(payload, at));
            }
        }
        return content;
    }

    private void check() {
        cluster.replicas().forEach(replica -> logs.put(replica, Logs.on(cluster.machine(replica))));
        logs.forEach((replica, held) -> held.logs().forEach(log -> continuous(replica, log, held.of(log))));
        cluster.tidal().tenants().forEach(tenant -> tenant.placement().forEach(leader -> compare(tenant, leader)));
        cluster.tidal()
                .tenants()
                .forEach(tenant -> tenant.export(signal -> found.merge(signal.eventNanos(), 1, Integer::sum)));
        history.writes().forEach(this::answered);
    }

    private static void continuous(ReplicaId replica, LogId log, List<WalBatch> batches) {
        Chain hash = new Chain();
        long chain = Chain.START;
        long seqno = log.origin().startSeqno() + 1;
        for (WalBatch batch : batches) {
            if (batch.firstSeqno() != seqno) {
                throw new AssertionError("log " + log + " on " + replica + " goes on at seqno "
                        + Seqno.print(batch.firstSeqno()) + ", not at " + Seqno.print(seqno));
            }
            chain = hash.next(chain, batch);
            if (chain != batch.chain()) {
                throw new AssertionError(
                        "log " + log + " on " + replica + " has a wrong chain at seqno " + Seqno.print(seqno));
            }
            seqno = batch.lastSeqno() + 1;
        }
    }

    private void compare(Tenant tenant, ReplicaId leader) {
        Logs led = logsOf(leader);
        for (ReplicaId member : Members.of(cluster, tenant, leader.shard())) {
            Logs held = logsOf(member);
            for (LogId log : held.logs()) {
                if (log.tenant().equals(tenant.id()) && !led.logs().contains(log)) {
                    throw new AssertionError("log " + log + " is on " + member + " and not on " + leader);
                }
            }
            for (LogId log : led.logs()) {
                if (log.tenant().equals(tenant.id())) {
                    same(log, leader, led.of(log), member, held.of(log));
                }
            }
        }
        for (LogId log : led.logs()) {
            if (log.tenant().equals(tenant.id())) {
                led.of(log).forEach(batch -> written(tenant, batch));
            }
        }
    }

    private Logs logsOf(ReplicaId replica) {
        Logs held = logs.get(replica);
        if (held == null) {
            throw new AssertionError("there is no replica " + replica);
        }
        return held;
    }

    private static void same(LogId log, ReplicaId leader, List<WalBatch> led, ReplicaId member, List<WalBatch> held) {
        for (int i = 0; i < Math.min(led.size(), held.size()); i++) {
            if (!led.get(i).encoded().equals(held.get(i).encoded())) {
                throw new AssertionError("log " + log + " differs between " + leader + " and " + member + " at seqno "
                        + Seqno.print(led.get(i).firstSeqno()));
            }
        }
        if (led.size() != held.size()) {
            throw new AssertionError("log " + log + " has " + led.size() + " batches on " + leader + " and "
                    + held.size() + " on " + member);
        }
    }

    private void written(Tenant tenant, WalBatch batch) {
        if (batch.kind() != RecordKind.SIGNALS) {
            return;
        }
        ByteBuffer payload = batch.payload();
        int at = KeyBlock.bytes(KeyBlock.read(batch).size());
        for (int i = 0; i < batch.count(); i++, at += SignalRecords.BYTES) {
            long event = SignalRecords.eventNanos(payload, at);
            History.Write write = history.of(event);
            if (write == null || !write.tenant().equals(tenant.id())) {
                throw new AssertionError("event " + event + " of tenant " + tenant.id() + " was never written");
            }
            long entity = SignalRecords.entity(payload, at);
            float weight = SignalRecords.weight(payload, at);
            if (write.signals().stream()
                    .noneMatch(signal -> signal.eventNanos() == event
                            && signal.entity().value() == entity
                            && (float) signal.weight() == weight)) {
                throw new AssertionError("event " + event + " of tenant " + tenant.id() + " is not what was written");
            }
            places.put(new Place(tenant.id(), WalSegmentId.of(batch.origin(), batch.firstSeqno() + i)), event);
        }
    }

    private void answered(History.Write write) {
        Position position = write.position();
        if (position != null) {
            position.records().forEach(at -> placed(write, at));
        }
        for (Signal signal : write.signals()) {
            int times = found.getOrDefault(signal.eventNanos(), 0);
            if (times > 1) {
                throw new AssertionError(
                        "event " + signal.eventNanos() + " of " + write + " is there " + times + " times");
            }
            if (times == 0 && write.mustBeThere()) {
                throw new AssertionError("event " + signal.eventNanos() + " is missing of " + write);
            }
            if (times == 1 && write.mustNotBeThere()) {
                throw new AssertionError("event " + signal.eventNanos() + " is there of a refused " + write);
            }
        }
    }

    // What was acknowledged before its sync may be gone, but nothing else is ever given its place.
    private void placed(History.Write write, WalSegmentId at) {
        Long event = places.get(new Place(write.tenant(), at));
        if (event == null && write.mustBeThere() || event != null && history.of(event) != write) {
            throw new AssertionError(
                    "at " + at + " there is " + (event == null ? "nothing" : history.of(event)) + ", not " + write);
        }
    }
}
