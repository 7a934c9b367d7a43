package io.tidaldb.core.tenant;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.RecordedAct;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.UsageHour;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.usage.UsageAudit;
import io.tidaldb.core.usage.UsageFigures;
import io.tidaldb.core.user.RecordedActs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/**
 * What is added up over all slots of a tenant that several processes have. Each slot counts once, whoever leads it meanwhile: replicas are
 * asked by name, and where one of them has its slot no more all of it is begun anew. Safe for any number of threads.
 */
public final class RoutedSums {

    private static final Duration TASK_DEADLINE = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final Duration AUDIT_DEADLINE = Duration.ofMinutes(10);

    private final RoutedTenant tenant;
    private final EmbeddedTenant local;
    private final Instance tidal;
    private final RemoteCalls calls;
    private final MovingReads moving;

    /** Makes a call about replicas. */
    private interface Question {

        Call about(long index, List<String> replicas);
    }

    RoutedSums(RoutedTenant tenant, EmbeddedTenant local, Instance tidal, RemoteCalls calls, MovingReads moving) {
        this.tenant = tenant;
        this.local = local;
        this.tidal = tidal;
        this.calls = calls;
        this.moving = moving;
    }

    Answer.Totals totals(int type) {
        return sum(
                (index, replicas) -> new Call.Totals(index, number(), type, replicas),
                Answer.Totals.class,
                shards -> totals(shards, type),
                shards -> totals(shards, type),
                (one, other) -> new Answer.Totals(one.events() + other.events(), one.entities() + other.entities()));
    }

    Answer.Usage usage() {
        return sum(
                (index, replicas) -> new Call.Usage(index, number(), replicas),
                Answer.Usage.class,
                shards -> UsageFigures.answer(local.usage(shards)),
                local::usageOf,
                (one, other) -> new Answer.Usage(
                        one.signalsPerSecond() + other.signalsPerSecond(),
                        one.entities() + other.entities(),
                        one.storageBytes() + other.storageBytes(),
                        one.accepted() + other.accepted(),
                        one.throttled() + other.throttled()));
    }

    private long number() {
        return local.id().value();
    }

    /**
     * Adds up what all nodes say of what they lead; for one that does not answer, what the replicas here say.
     *
     * @param here what replicas here add, with what this node alone knows
     * @param instead what replicas here add in place of others
     */
    private <A extends Answer> A sum(
            Question question,
            Class<A> kind,
            Function<List<TenantShard>, A> here,
            Function<List<TenantShard>, A> instead,
            BinaryOperator<A> plus) {
        if (local.isNear()) {
            return here.apply(local.answering());
        }
        return moving.read(() -> {
            SortedMap<NodeId, List<ReplicaId>> elsewhere = new TreeMap<>();
            A sum = here.apply(split(elsewhere));
            for (var each : elsewhere.entrySet()) {
                List<A> parts = new ArrayList<>(1);
                tenant.answered(
                        each.getKey(),
                        each.getValue(),
                        index -> question.about(index, names(each.getValue())),
                        kind,
                        ReadOptions.DEFAULT,
                        parts::add,
                        () -> parts.add(instead.apply(
                                each.getValue().stream().map(tenant::here).toList())));
                sum = plus.apply(sum, parts.get(0));
            }
            return sum;
        });
    }

    private static List<String> names(List<ReplicaId> replicas) {
        return replicas.stream().map(ReplicaId::toString).toList();
    }

    /** Returns the replicas here that lead, and adds those elsewhere by their node. */
    private List<TenantShard> split(SortedMap<NodeId, List<ReplicaId>> elsewhere) {
        List<TenantShard> here = new ArrayList<>();
        for (ReplicaId leader : tenant.placement()) {
            NodeId node = tenant.node(leader);
            if (tenant.isHere(node)) {
                here.add(local.replica(leader));
            } else {
                elsewhere.computeIfAbsent(node, each -> new ArrayList<>()).add(leader);
            }
        }
        return here;
    }

    // Looks into logs, which only those that lead are asked for

    /** Has something answered by those that lead; where one of them is away, waits until another one has taken over, as a write does. */
    private <T> T led(Supplier<T> attempt) {
        long end = tidal.clock().monotonicNanos() + TASK_DEADLINE.toNanos();
        while (true) {
            try {
                return moving.read(attempt);
            } catch (TidalException e) {
                if (!RoutedTenant.isAway(e) || tidal.clock().monotonicNanos() + PAUSE.toNanos() - end > 0) {
                    throw e;
                }
                tidal.await(tidal.pause(PAUSE));
            }
        }
    }

    List<UsageHour> usageByHour() {
        return led(() -> {
            UsageFigures.Sum sum = new UsageFigures.Sum();
            SortedMap<NodeId, List<ReplicaId>> elsewhere = new TreeMap<>();
            sum.add(local.usageByHour(answering(elsewhere)));
            elsewhere.forEach((node, replicas) -> sum.add(UsageFigures.hours(asked(
                            node,
                            index -> new Call.Hours(index, number(), names(replicas)),
                            Answer.Hours.class,
                            TASK_DEADLINE)
                    .hours())));
            return sum.hours();
        });
    }

    UsageCheck verifyUsage() {
        return led(() -> {
            SortedMap<NodeId, List<ReplicaId>> elsewhere = new TreeMap<>();
            UsageCheck check = UsageAudit.of(tidal, answering(elsewhere));
            for (var each : elsewhere.entrySet()) {
                check = UsageFigures.sum(
                        check,
                        UsageFigures.check(asked(
                                each.getKey(),
                                index -> new Call.Recount(index, number(), names(each.getValue())),
                                Answer.Recounted.class,
                                AUDIT_DEADLINE)));
            }
            return check;
        });
    }

    private List<TenantShard> answering(SortedMap<NodeId, List<ReplicaId>> elsewhere) {
        return local.isNear() ? local.answering() : split(elsewhere);
    }

    private <A extends Answer> A asked(NodeId node, LongFunction<Call> call, Class<A> kind, Duration deadline) {
        return tidal.await(calls.ask(node, call, kind, deadline), deadline.toNanos());
    }

    void export(Consumer<RecordedSignal> consumer) {
        if (local.isNear()) {
            local.export(consumer);
        } else {
            new SlotExport<>(local, (slot, from) -> led(() -> signals(slot, from))).to(consumer);
        }
    }

    void exportActs(Consumer<RecordedAct> consumer) {
        if (local.isNear()) {
            local.exportActs(consumer);
        } else {
            new SlotExport<>(local, (slot, from) -> led(() -> acts(slot, from))).to(consumer);
        }
    }

    private SlotExport.Part<RecordedSignal> signals(int slot, SlotExport.Place from) {
        ReplicaId leader = tenant.placement().get(slot);
        if (tenant.isHere(tenant.node(leader))) {
            return SlotExport.here(tidal, local.replica(leader), from, local::export);
        }
        Answer.Exported part = part(leader, from, false);
        List<RecordedSignal> signals = part.lines().stream()
                .map(line -> new RecordedSignal(
                        WalSegmentId.parse(line.position()),
                        line.hlc(),
                        line.type(),
                        EntityId.of(line.entity()),
                        line.name(),
                        line.weight(),
                        line.time()))
                .toList();
        return new SlotExport.Part<>(signals, SlotExport.place(part.origin(), part.seqno()));
    }

    private SlotExport.Part<RecordedAct> acts(int slot, SlotExport.Place from) {
        ReplicaId leader = tenant.placement().get(slot);
        if (tenant.isHere(tenant.node(leader))) {
            return SlotExport.here(tidal, local.replica(leader), from, local::exportActs);
        }
        Answer.Exported part = part(leader, from, true);
        List<Answer.Act> acts = part.acts();
        if (acts == null) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "node " + tenant.node(leader) + " runs a version that can't export what users did: upgrade it");
        }
        return new SlotExport.Part<>(
                acts.stream().map(this::act).toList(), SlotExport.place(part.origin(), part.seqno()));
    }

    private RecordedAct act(Answer.Act act) {
        return RecordedActs.of(
                WalSegmentId.parse(act.position()),
                act.hlc(),
                UserRecord.decode(
                        RecordKind.valueOf(act.kind()),
                        ByteBuffer.wrap(act.body()).order(ByteOrder.LITTLE_ENDIAN)),
                local.users()::signalName);
    }

    private Answer.Exported part(ReplicaId leader, SlotExport.Place from, boolean acts) {
        return asked(
                tenant.node(leader),
                index -> new Call.Export(
                        index, number(), leader.shard().value(), SlotExport.told(from), from.seqno(), acts),
                Answer.Exported.class,
                TASK_DEADLINE);
    }

    /** Returns what replicas here hold of a type of signal, all together. */
    public static Answer.Totals totals(List<TenantShard> shards, int type) {
        long events = 0;
        long entities = 0;
        for (TenantShard slot : shards) {
            events += slot.readable().total(type);
            entities += slot.readable().entities(type);
        }
        return new Answer.Totals(events, entities);
    }
}
