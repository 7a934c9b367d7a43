package io.tidaldb.it.sim.check;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.Signal;
import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.audit.AuditPage;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.ingest.Digests;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.it.sim.SimulatedMembers;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Whoever is asked, all members answer the same: what was acknowledged is there once, what was refused or deleted is not, and neither disks
 * nor instances have anything of a tenant that is gone. To be asked when all members serve and nothing is wrong.
 */
public final class MembersCheck {

    private final SimulatedMembers cluster;
    private final MemberHistory history;
    private final boolean wholeLogs;

    /**
     * Checks what members hold against what users know.
     *
     * @param wholeLogs whether logs keep all that was ever written, and is not deleted
     */
    public MembersCheck(SimulatedMembers cluster, MemberHistory history, boolean wholeLogs) {
        this.cluster = cluster;
        this.history = history;
        this.wholeLogs = wholeLogs;
    }

    /** Returns in what the replicas of members differ, or nothing: they converge some time after all is healed. */
    public String difference() {
        String agreed = agreed(cluster.members().get(0));
        for (Member member : cluster.members()) {
            if (!agreed(member).equals(agreed)) {
                return member.id() + " has " + agreed(member) + ", and "
                        + cluster.members().get(0).id() + " has " + agreed;
            }
        }
        for (Tenant tenant : cluster.members().get(0).tidal().tenants()) {
            List<ReplicaId> preferred =
                    Replicas.preferred(cluster.members().get(0).tidal(), tenant.id());
            if (!tenant.placement().equals(preferred)) {
                return tenant.id() + " is led by " + tenant.placement() + " and prefers " + preferred;
            }
            for (ReplicaId leader : tenant.placement()) {
                Map<ReplicaId, Map<String, String>> states = states(tenant.id(), leader);
                if (states.values().stream().anyMatch(each -> each.containsKey("counted twice"))) {
                    return "shard " + leader.shard() + " of " + tenant.id() + " counts writes twice: " + states;
                }
                if (states.values().stream().distinct().count() > 1) {
                    return "replicas of shard " + leader.shard() + " of " + tenant.id() + " are in states " + states;
                }
                List<ReplicaId> wanted = holders(tenant, leader);
                if (!List.copyOf(states.keySet()).equals(wanted)) {
                    return "shard " + leader.shard() + " of " + tenant.id() + " is on " + states.keySet() + ", not on "
                            + wanted;
                }
            }
        }
        return "";
    }

    /** Returns the replicas that are to hold a slot, in order. */
    private List<ReplicaId> holders(Tenant tenant, ReplicaId leader) {
        return cluster.members().stream()
                .map(member -> new ReplicaId(member.region(), leader.shard()))
                .filter(replica -> mayHold(tenant.config(), replica))
                .sorted()
                .toList();
    }

    private static boolean mayHold(TenantConfig config, ReplicaId replica) {
        return (config.requiredRegions().isEmpty() || config.requiredRegions().contains(replica.region()))
                && !config.withoutReplicas().contains(replica);
    }

    /** Returns tenants, schema and the end of the audit log as a member knows them. */
    private static String agreed(Member member) {
        Tidal tidal = member.tidal();
        Map<TenantId, String> tenants = new TreeMap<>();
        tidal.tenants().forEach(tenant -> {
            TenantConfig config = tenant.config();
            tenants.put(tenant.id(), config + " at " + tenant.placement());
        });
        List<String> types = tidal.signals().stream().map(SignalType::toString).toList();
        AuditPage audit = tidal.audit(1, 1, null);
        return types + " " + tenants + " audited up to " + audit.newest() + " with chain " + audit.head();
    }

    private Map<ReplicaId, Map<String, String>> states(TenantId tenant, ReplicaId leader) {
        Map<ReplicaId, Map<String, String>> states = new TreeMap<>();
        for (Member member : cluster.members()) {
            for (TenantShard shard : Replicas.of(member.tidal(), tenant, leader.shard())) {
                Map<String, String> state = Digests.of(shard);
                state.keySet().removeIf(origin -> origin.endsWith("#0"));
                if (shard.damage() != null) {
                    state.put("damaged", shard.damage().toString());
                }
                states.put(shard.replica(), state);
            }
        }
        return states;
    }

    /** Checks everything. */
    public void check() {
        String difference = difference();
        if (!difference.isEmpty()) {
            throw new AssertionError(difference);
        }
        if (cluster.members().get(0).tidal().health().tenants().stream()
                .anyMatch(tenant -> !tenant.lost().isEmpty())) {
            throw new AssertionError("something is given up that others have: "
                    + cluster.members().get(0).tidal().health().tenants());
        }
        Map<Long, Integer> found = new HashMap<>();
        for (Member member : cluster.members()) {
            bounded(member);
            if (wholeLogs) {
                found = exported(member);
                answered(member, found);
                counted(member);
            }
        }
        cluster.members().forEach(this::nothingLeft);
    }

    private Map<Long, Integer> exported(Member member) {
        Map<Long, Integer> found = new HashMap<>();
        for (Tenant tenant : member.tidal().tenants()) {
            for (RecordedSignal signal : export(member, tenant)) {
                MemberHistory.Write write = history.of(signal.eventNanos());
                if (write == null || !write.tenant().equals(tenant.id())) {
                    throw new AssertionError(signal + " of " + tenant.id() + " was never written");
                }
                found.merge(signal.eventNanos(), 1, Integer::sum);
            }
        }
        return found;
    }

    /** Returns all that a tenant has, as a member says. */
    public static List<RecordedSignal> export(Member member, Tenant tenant) {
        return member.call(tidal -> {
            List<RecordedSignal> all = new ArrayList<>();
            tenant.export(all::add);
            return all;
        });
    }

    private void answered(Member member, Map<Long, Integer> found) {
        for (MemberHistory.Write write : history.writes()) {
            for (Signal signal : write.signals()) {
                int times = found.getOrDefault(signal.eventNanos(), 0);
                long entity = signal.entity().value();
                if (times > 1
                        || times == 0 && write.mustBeThere(entity)
                        || times == 1 && write.mustNotBeThere(entity)) {
                    throw new AssertionError("through " + member.id() + " event " + signal.eventNanos() + " is there "
                            + times + " times of " + write);
                }
            }
        }
    }

    private record Cell(String type, long entity) {}

    /** How many signals there are, at least and at most. */
    private static final class Bounds {
        long least;
        long most;
    }

    private void bounded(Member member) {
        for (Tenant tenant : member.tidal().tenants()) {
            List<String> types =
                    member.tidal().signals().stream().map(SignalType::name).toList();
            Map<Cell, Bounds> cells = new LinkedHashMap<>();
            history.writes().stream()
                    .filter(write -> write.tenant().equals(tenant.id()))
                    .forEach(write -> write.signals().stream()
                            .filter(signal -> types.contains(signal.type()))
                            .forEach(signal -> {
                                long entity = signal.entity().value();
                                Bounds bounds =
                                        cells.computeIfAbsent(new Cell(signal.type(), entity), each -> new Bounds());
                                bounds.least += write.mustBeThere(entity) ? 1 : 0;
                                bounds.most += write.mustNotBeThere(entity) ? 0 : 1;
                            }));
            Map<String, Long> totals = new TreeMap<>();
            cells.forEach((cell, bounds) -> {
                long count = member.call(tidal ->
                        tenant.read(cell.type, cell.entity, ReadOptions.DEFAULT).count());
                if (count < bounds.least || count > bounds.most) {
                    throw new AssertionError("through " + member.id() + " " + cell + " of " + tenant.id() + " is "
                            + count + ": expected " + bounds.least + " to " + bounds.most);
                }
                totals.merge(cell.type, count, Long::sum);
            });
            totals.forEach((type, expected) ->
                    same(member, tenant, "total of " + type, expected, member.call(tidal -> tenant.total(type))));
        }
    }

    private static void counted(Member member) {
        for (Tenant tenant : member.tidal().tenants()) {
            Map<String, Long> totals = new TreeMap<>();
            Map<Cell, Long> counts = new HashMap<>();
            export(member, tenant).forEach(signal -> {
                totals.merge(signal.type(), 1L, Long::sum);
                counts.merge(new Cell(signal.type(), signal.entity().value()), 1L, Long::sum);
            });
            totals.forEach((type, expected) ->
                    same(member, tenant, "total of " + type, expected, member.call(tidal -> tenant.total(type))));
            counts.forEach((cell, expected) -> same(
                    member,
                    tenant,
                    cell.toString(),
                    expected,
                    member.call(tidal -> tenant.read(cell.type, cell.entity, ReadOptions.DEFAULT)
                            .count())));
        }
    }

    /** Returns how many merges of closed origins are in the logs of all members. */
    public long merges() {
        return cluster.members().stream()
                .flatMap(member -> {
                    Logs logs = Logs.on(member.machine());
                    return logs.logs().stream()
                            .flatMap(log -> logs.of(log).stream()
                                    .map(batch -> Replicas.opened(member.tidal(), log.tenant(), batch)));
                })
                .filter(batch -> batch.kind() == RecordKind.CONTROL)
                .flatMap(batch -> BodyRecords.decode(batch).stream())
                .filter(body -> ControlRecord.decode(body) instanceof ControlRecord.Merge)
                .count();
    }

    private static void same(Member member, Tenant tenant, String what, long expected, long actual) {
        if (expected != actual) {
            throw new AssertionError("through " + member.id() + " " + what + " of " + tenant.id() + " is " + actual
                    + ", and " + expected + " are exported");
        }
    }

    // A tenant that was created again has logs of its own.
    private void nothingLeft(Member member) {
        Logs logs = Logs.on(member.machine());
        for (LogId log : logs.logs()) {
            if (member.tidal().tenant(log.tenant()).isEmpty()) {
                throw new AssertionError(member.id() + " has log " + log + " of a tenant that is gone");
            }
            if (!Replicas.isOn(member.tidal(), log.tenant(), log.holder())) {
                throw new AssertionError(member.id() + " has log " + log + ", and no slot is on that shard any more");
            }
            TenantConfig config =
                    member.tidal().tenant(log.tenant()).orElseThrow().config();
            if (!mayHold(config, new ReplicaId(member.region(), log.holder()))) {
                throw new AssertionError(member.id() + " has log " + log + " of a tenant that has left it: " + config);
            }
            logs.of(log).forEach(batch -> {
                if (batch.isSealed() != config.encrypted()) {
                    throw new AssertionError("log " + log + " on " + member.id() + " has a batch of kind "
                            + batch.kind() + ", and its tenant is " + (config.encrypted() ? "" : "not ") + "encrypted");
                }
                notDeleted(member, log, Replicas.opened(member.tidal(), log.tenant(), batch));
            });
        }
    }

    private void notDeleted(Member member, LogId log, WalBatch batch) {
        if (batch.kind() != RecordKind.SIGNALS) {
            return;
        }
        ByteBuffer payload = batch.content();
        int at = KeyBlock.bytes(KeyBlock.read(batch).size());
        for (int i = 0; i < batch.count(); i++, at += SignalRecords.BYTES) {
            MemberHistory.Write write = Objects.requireNonNull(history.of(SignalRecords.eventNanos(payload, at)));
            if (write.mustNotBeThere(SignalRecords.entity(payload, at))) {
                throw new AssertionError("log " + log + " on " + member.id() + " has a " + write);
            }
        }
    }
}
