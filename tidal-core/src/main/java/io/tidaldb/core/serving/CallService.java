package io.tidaldb.core.serving;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.hosting.Hosting;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.SessionImage;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.leading.HandOvers;
import io.tidaldb.core.leading.Promotion;
import io.tidaldb.core.migration.MoveCoordinator;
import io.tidaldb.core.migration.MoveTarget;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.reconcile.Reconciling;
import io.tidaldb.core.reconcile.ReplicaComparing;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.remote.CallCodec;
import io.tidaldb.core.report.ClusterFigures;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.scrub.Scrubbing;
import io.tidaldb.core.tenant.EmbeddedTenant;
import io.tidaldb.core.tenant.HeldPositions;
import io.tidaldb.core.tenant.RoutedSums;
import io.tidaldb.core.usage.UsageAudit;
import io.tidaldb.core.usage.UsageFigures;
import io.tidaldb.core.write.EncodedSignals;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Answers what other nodes ask of this one, once it has applied as many decisions as the one who asks.
 *
 * <p>A write is admitted by the thread that brings it and answered by the loops. Reads have a thread of their own, and what goes through
 * whole logs another one, so that neither keeps messages waiting.
 */
public final class CallService implements AutoCloseable {

    private final Instance tidal;
    private final ControlPlane control;
    private final NodeNetwork network;
    private final Hosting hosting;
    private final Parts parts;
    private final LoopFactory.BackgroundExecutor reads;
    private final LoopFactory.BackgroundExecutor audits;
    private final CallCodec codec = new CallCodec();
    private final ClientCalls clients;

    /** How many calls have no answer yet. */
    private final AtomicInteger open = new AtomicInteger();

    /** Null until this node leads. */
    private volatile @Nullable HandOvers handOvers;

    /**
     * What does what others ask for, where that is more than a read or a write.
     *
     * @param tenants finds an open tenant, or fails with TENANT_NOT_FOUND
     */
    public record Parts(
            Function<TenantId, EmbeddedTenant> tenants,
            ClusterFigures figures,
            MoveTarget moveTarget,
            MoveCoordinator moves,
            Reconciling reconciling,
            ReplicaComparing comparing,
            Scrubbing scrubbing) {}

    /** Creates what answers on a network, once it is {@linkplain #start started}. */
    public CallService(Instance tidal, ControlPlane control, NodeNetwork network, Hosting hosting, Parts parts) {
        this.tidal = tidal;
        this.control = control;
        this.network = network;
        this.hosting = hosting;
        this.parts = parts;
        this.clients = new ClientCalls(tidal, control);
        this.reads = tidal.loops().background("reads");
        this.audits = tidal.loops().background("audits");
    }

    /** Begins to answer. */
    public void start() {
        network.answer(this::call);
    }

    /** Lets others ask for what this node leads. */
    public void leads(HandOvers handing) {
        handOvers = handing;
    }

    private CompletionStage<ByteBuffer> call(NodeId peer, ByteBuffer message) {
        CallCodec.Received received = codec.call(message);
        Call call = received.call();
        if (peer.isClient()) {
            try {
                clients.admit(peer, call, received.attached());
            } catch (TidalException e) {
                if (e.code() == ErrorCode.UNSUPPORTED) {
                    network.refused(peer);
                }
                return CompletableFuture.completedFuture(codec.encode(refused(e)));
            }
        }
        ByteBuffer attached = ByteBuffer.allocate(received.attached().remaining())
                .put(received.attached())
                .flip();
        open.incrementAndGet();
        return control.reach(call.index())
                .thenCompose(nothing -> tidal.settled(TenantId.of(call.tenant())))
                .thenCompose(nothing -> answer(call, attached))
                .handle((answer, failure) -> codec.encode(failure == null ? answer : refused(failure)))
                .whenComplete((answer, never) -> {
                    open.decrementAndGet();
                    clients.answered(peer, call);
                });
    }

    /** Returns whether all that was asked so far is answered. */
    public boolean isIdle() {
        return open.get() == 0;
    }

    private Answer refused(Throwable failure) {
        TidalException reason = RemoteCalls.reason(failure);
        Answer.Quota quota = null;
        if (reason instanceof QuotaExceededException exceeded) {
            Duration wait = exceeded.retryAfter();
            quota = new Answer.Quota(
                    exceeded.quota().name(),
                    exceeded.cause().name(),
                    exceeded.limit(),
                    exceeded.burst(),
                    exceeded.requested(),
                    exceeded.observed(),
                    wait == null ? null : wait.toNanos());
        }
        return new Answer.Refused(reason.code().name(), String.valueOf(reason.getMessage()), control.index(), quota);
    }

    private CompletableFuture<? extends Answer> answer(Call call, ByteBuffer attached) {
        if (call instanceof Call.Write write) {
            return write(write, attached);
        } else if (call instanceof Call.Writes writes) {
            return writes(writes, attached);
        } else if (call instanceof Call.Read read) {
            return on(reads, () -> read(read));
        } else if (call instanceof Call.Top top) {
            return on(reads, () -> top(top));
        } else if (call instanceof Call.Totals totals) {
            EmbeddedTenant tenant = tenant(totals);
            return on(reads, () -> RoutedSums.totals(tenant.asked(totals.replicas()), totals.type()));
        } else if (call instanceof Call.Usage usage) {
            EmbeddedTenant tenant = tenant(usage);
            return on(reads, () -> UsageFigures.answer(tenant.usage(tenant.asked(usage.replicas()))));
        } else if (call instanceof Call.Hours hours) {
            EmbeddedTenant tenant = tenant(hours);
            return on(
                    reads,
                    () -> new Answer.Hours(UsageFigures.answer(tenant.usageByHour(tenant.asked(hours.replicas())))));
        } else if (call instanceof Call.Recount recount) {
            EmbeddedTenant tenant = tenant(recount);
            return on(audits, () -> UsageFigures.answer(UsageAudit.of(tidal, tenant.asked(recount.replicas()))));
        } else if (call instanceof Call.Export export) {
            return export(export);
        } else if (call instanceof Call.Compare compare) {
            return on(audits, () -> compare(compare));
        } else if (call instanceof Call.Label label) {
            TenantShard home = tenant(label).home();
            return tidal.node(home).label(home, label.label()).thenApply(nothing -> new Answer.Done());
        } else if (call instanceof Call.Settle) {
            return CompletableFuture.completedFuture(new Answer.Done());
        } else if (call instanceof Call.Figures) {
            NodeId self = tidal.cluster().localNames().get(0);
            return tidal.cluster()
                    .lag(self)
                    .orElseGet(() -> CompletableFuture.completedFuture(List.of()))
                    .thenCompose(lags -> on(reads, () -> parts.figures().of(self, lags)));
        } else if (call instanceof Call.Positions positions) {
            return hosting.positions(NodeId.of(positions.node()));
        } else if (call instanceof Call.Route route) {
            return CompletableFuture.completedFuture(clients.route(tenant(route)));
        } else if (call instanceof Call.RecordUser record) {
            return record(record, attached);
        } else if (call instanceof Call.Hidden hidden) {
            return on(reads, () -> hidden(hidden));
        } else if (call instanceof Call.Session session) {
            return on(reads, () -> session(session));
        } else if (call instanceof Call.Reach reach) {
            EmbeddedTenant tenant = tenant(reach);
            return tenant.positions()
                    .reached(
                            tenant.serving(ReplicaId.parse(reach.replica())),
                            Position.parse(reach.position()),
                            Duration.ofNanos(reach.waitNanos()))
                    .thenApplyAsync(nothing -> new Answer.Done(), tidal.callbacks());
        } else if (call instanceof Call.Move move) {
            return parts.moveTarget().answer(move, attached);
        } else if (call instanceof Call.Moves) {
            return parts.moves().figures();
        } else if (call instanceof Call.HandOver over) {
            return handOver(
                            new ClusterCommand.Promote(TenantId.of(over.tenant()), ReplicaId.parse(over.replica())),
                            !Boolean.FALSE.equals(over.preferring()))
                    .thenApply(nothing -> new Answer.Done());
        }
        if (call instanceof Call.ReadThrough through) {
            return parts.scrubbing()
                    .readThrough(TenantId.of(through.tenant()), ReplicaId.parse(through.replica()))
                    .thenApply(nothing -> new Answer.Done());
        }
        if (call instanceof Call.Holdings holdings) {
            return parts.reconciling().holdings(TenantId.of(holdings.tenant()), holdings.again());
        }
        if (call instanceof Call.Verify verify) {
            return parts.comparing()
                    .requireSame(tenant(verify).leading(ShardId.of(verify.shard())), NodeId.of(verify.node()))
                    .thenApply(nothing -> new Answer.Done());
        }
        throw new IllegalStateException("no case for " + call);
    }

    private static CompletableFuture<Answer> on(LoopFactory.BackgroundExecutor executor, Supplier<Answer> work) {
        try {
            return CompletableFuture.supplyAsync(work, executor);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(new TidalException(
                    ErrorCode.OVERLOADED, "the node has too many calls to answer: try again later", e));
        }
    }

    private EmbeddedTenant tenant(Call call) {
        return parts.tenants().apply(TenantId.of(call.tenant()));
    }

    private CompletableFuture<Void> handOver(ClusterCommand.Promote promotion, boolean preferring) {
        HandOvers handing = handOvers;
        return handing == null
                ? CompletableFuture.failedFuture(
                        new TidalException(ErrorCode.NOT_OWNER, "the node is starting: it leads nothing yet"))
                : handing.promote(promotion, preferring, Promotion.TO_CATCH_UP);
    }

    private CompletableFuture<Answer> writes(Call.Writes writes, ByteBuffer records) {
        long signals = writes.writes().stream().mapToLong(Call.Part::signals).sum();
        if (records.remaining() != signals * SignalRecords.BYTES) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "a call has writes of " + signals + " signals and " + records.remaining()
                            + " bytes of records: expected " + SignalRecords.BYTES + " bytes a signal");
        }
        List<CompletableFuture<Answer>> answers =
                new ArrayList<>(writes.writes().size());
        int at = 0;
        for (Call.Part part : writes.writes()) {
            int bytes = part.signals() * SignalRecords.BYTES;
            answers.add(alone(writes, part, records.slice(at, bytes)).exceptionally(this::refused));
            at += bytes;
        }
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .thenApply(nothing -> each(answers));
    }

    private CompletableFuture<Answer> alone(Call.Writes writes, Call.Part part, ByteBuffer records) {
        Call.Write write = new Call.Write(
                writes.index(),
                writes.tenant(),
                writes.life(),
                false,
                writes.durability(),
                part.key(),
                writes.waitNanos(),
                part.named(),
                part.names());
        try {
            clients.check(write, records.order(ByteOrder.LITTLE_ENDIAN));
            return write(write, records);
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static Answer each(List<CompletableFuture<Answer>> answers) {
        List<List<String>> records = new ArrayList<>(answers.size());
        Map<Integer, Answer.Refused> refused = new TreeMap<>();
        for (CompletableFuture<Answer> each : answers) {
            Answer answer = each.join();
            if (answer instanceof Answer.Refused refusal) {
                refused.put(records.size(), refusal);
            }
            records.add(answer instanceof Answer.Written written ? written.records() : List.of());
        }
        return new Answer.EachWritten(records, refused);
    }

    private CompletableFuture<Answer> write(Call.Write write, ByteBuffer records) {
        if (write.named().length != write.names().size() || records.remaining() % SignalRecords.BYTES != 0) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "a forwarded write has " + write.named().length + " named entities, "
                            + write.names().size() + " names and " + records.remaining() + " bytes of records");
        }
        SortedMap<Long, String> names = new TreeMap<>();
        for (int i = 0; i < write.named().length; i++) {
            names.put(write.named()[i], write.names().get(i));
        }
        WriteOptions options = options(write.durability(), write.key(), write.waitNanos());
        EmbeddedTenant tenant = tenant(write);
        requireSameLife(tenant, write.life());
        // What was admitted elsewhere goes no further; what comes from a client may have parts for others.
        boolean parted = write.admitted();
        if (!parted) {
            tenant.requireHome();
        }
        return tenant.admission(options)
                .submit(
                        new EncodedSignals(records.order(ByteOrder.LITTLE_ENDIAN), names),
                        options,
                        parted,
                        parted ? null : tenant.elsewhere())
                .result()
                .thenApply(position -> new Answer.Written(
                        position.records().stream().map(WalSegmentId::toString).toList()));
    }

    private CompletableFuture<Answer> record(Call.RecordUser call, ByteBuffer body) {
        EmbeddedTenant tenant = tenant(call);
        requireSameLife(tenant, call.life());
        WriteOptions options = options(call.durability(), call.key(), call.waitNanos());
        UserRecord record = UserRecord.decode(RecordKind.valueOf(call.kind()), body.order(ByteOrder.LITTLE_ENDIAN));
        CompletableFuture<Position> written;
        if (call.admitted()) {
            written = tenant.users().write(record, options, true);
        } else {
            tenant.requireHome();
            written = tenant.writeFromHome(record, options);
        }
        return written.thenApply(position -> new Answer.Written(
                position.records().stream().map(WalSegmentId::toString).toList()));
    }

    private static void requireSameLife(EmbeddedTenant tenant, long life) {
        if (tenant.record().digestSeed() != life) {
            throw new TidalException(
                    ErrorCode.TENANT_NOT_FOUND,
                    "tenant " + tenant.id() + " was deleted and created again: the write was for the former one");
        }
    }

    private static WriteOptions options(@Nullable String level, long @Nullable [] key, long waitNanos) {
        return new WriteOptions(
                Optional.ofNullable(level).map(Durability::valueOf),
                Optional.ofNullable(key).map(halves -> new IdempotencyKey(halves[0], halves[1])),
                Duration.ofNanos(waitNanos),
                Optional.empty());
    }

    private Answer hidden(Call.Hidden call) {
        EmbeddedTenant tenant = tenant(call);
        TenantShard replica = tenant.serving(ReplicaId.parse(call.replica()));
        return new Answer.Hidden(
                tenant.users().hidden(call.user(), replica, call.items(), seen(call.minPosition())).stream()
                        .map(each -> new Answer.HiddenItem(
                                each.what(), each.item(), each.record().toString()))
                        .toList());
    }

    private Answer session(Call.Session call) {
        EmbeddedTenant tenant = tenant(call);
        TenantShard replica = tenant.serving(ReplicaId.parse(call.replica()));
        SessionImage image = tenant.users().session(call.session(), replica, seen(call.minPosition()));
        return new Answer.Session(
                image.writes().stream()
                        .map(each -> new Answer.SessionWrite(
                                each.record().encode(), each.name().toString(), each.hlc()))
                        .toList(),
                image.mark(),
                image.stalenessNanos());
    }

    private static ReadOptions seen(@Nullable String position) {
        return position == null ? ReadOptions.DEFAULT : ReadOptions.DEFAULT.atLeast(Position.parse(position));
    }

    private Answer read(Call.Read read) {
        EmbeddedTenant tenant = tenant(read);
        RegionId region = RegionId.of(read.region());
        String seen = read.minPosition();
        List<Answer.Cell> cells = new ArrayList<>(read.entities().length);
        for (long entity : read.entities()) {
            TenantShard shard = read.shard() == null
                    ? tenant.replicaOf(entity, region)
                    : tenant.serving(new ReplicaId(region, ShardId.of(read.shard())));
            if (seen != null) {
                ReplicaId replica = shard.replica();
                requireHeld(tenant, replica, seen);
            }
            Reading reading = tenant.readHere(shard, read.type(), entity, read.atNanos());
            cells.add(new Answer.Cell(
                    reading.score(),
                    reading.count(),
                    reading.lastHour(),
                    reading.lastDay(),
                    reading.lastWeek(),
                    EventTime.nanos(reading.asOf()),
                    reading.staleness().equals(Reading.UNKNOWN_STALENESS)
                            ? -1
                            : reading.staleness().toNanos(),
                    shard.name(entity)));
        }
        return new Answer.Readings(cells);
    }

    private Answer top(Call.Top top) {
        EmbeddedTenant tenant = tenant(top);
        EmbeddedTenant.checkTop(top.k());
        String seen = top.minPosition();
        List<TenantShard> shards = new ArrayList<>();
        for (int shard : top.shards()) {
            ReplicaId replica = new ReplicaId(RegionId.of(top.region()), ShardId.of(shard));
            shards.add(tenant.serving(replica));
            if (seen != null) {
                requireHeld(tenant, replica, seen);
            }
        }
        List<ScoredEntity> ranked = tenant.top(
                shards,
                top.type(),
                top.atNanos(),
                top.k(),
                Optional.ofNullable(top.user()).map(EntityId::of));
        List<@Nullable String> names = new ArrayList<>(ranked.size());
        ranked.forEach(each -> names.add(each.name()));
        return new Answer.Ranked(
                ranked.stream().mapToLong(each -> each.entity().value()).toArray(),
                ranked.stream().mapToDouble(ScoredEntity::score).toArray(),
                names);
    }

    private static void requireHeld(EmbeddedTenant tenant, ReplicaId replica, String position) {
        HeldPositions positions = tenant.positions();
        positions.requireHeld(replica, positions.of(replica.shard(), Position.parse(position)));
    }

    private CompletableFuture<Answer> export(Call.Export export) {
        EmbeddedTenant tenant = tenant(export);
        TenantShard shard = tenant.leading(ShardId.of(export.shard()));
        int[] origin = export.origin();
        LogId from =
                origin == null ? null : shard.log(new Origin(RegionId.of(origin[0]), ShardId.of(origin[1]), origin[2]));
        return tidal.node(shard)
                .read(shard, from, export.seqno())
                .thenApply(chunk -> exported(tenant, shard, chunk, Boolean.TRUE.equals(export.acts())));
    }

    private static Answer exported(EmbeddedTenant tenant, TenantShard shard, Node.Chunk chunk, boolean wantsActs) {
        List<Answer.Line> lines = new ArrayList<>();
        List<Answer.Act> acts = new ArrayList<>();
        for (Node.Counted counted : chunk.batches()) {
            if (wantsActs) {
                counted.forEachUserRecord((record, seqno) -> acts.add(new Answer.Act(
                        WalSegmentId.of(counted.batch().origin(), seqno).toString(),
                        counted.batch().hlc(),
                        record.kind().name(),
                        record.encode())));
            } else {
                tenant.export(
                        shard,
                        counted,
                        signal -> lines.add(new Answer.Line(
                                signal.position().toString(),
                                signal.hlc(),
                                signal.type(),
                                signal.entity().value(),
                                signal.name(),
                                signal.weight(),
                                signal.eventNanos())));
            }
        }
        LogId next = chunk.nextLog();
        return new Answer.Exported(
                lines,
                next == null
                        ? null
                        : new int[] {
                            next.origin().region().value(),
                            next.origin().shard().value(),
                            next.origin().incarnation()
                        },
                chunk.nextSeqno(),
                wantsActs ? acts : null);
    }

    private Answer compare(Call.Compare compare) {
        return new Answer.Compared(tenant(compare).compareReplicas(compare.repair()).stream()
                .map(each -> new Answer.Comparison(
                        each.replica().toString(), each.known(), each.differingBuckets(), each.repaired()))
                .toList());
    }

    /** Answers nothing any more. */
    @Override
    public void close() {
        ByteBuffer stopping = codec.encode(refused(new TidalException(
                ErrorCode.NOT_OWNER, "the node is stopping: another one leads what it led, or will")));
        network.answer((peer, message) -> CompletableFuture.completedFuture(stopping.duplicate()));
        reads.close();
        audits.close();
    }
}
