package io.tidaldb.core.tenant;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.RecordedAct;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.ScoredEntity;
import io.tidaldb.core.Sessions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.UsageHour;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.Metering;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.RateQuota;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ingest.TenantState;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.ledger.CellView;
import io.tidaldb.core.ledger.LedgerSum;
import io.tidaldb.core.ledger.TopK;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.routing.ShardRouter;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.Waiting;
import io.tidaldb.core.usage.UsageAudit;
import io.tidaldb.core.user.RecordedActs;
import io.tidaldb.core.user.TenantNegatives;
import io.tidaldb.core.user.TenantSessions;
import io.tidaldb.core.write.HeldWrites;
import io.tidaldb.core.write.RegionalWrites;
import io.tidaldb.core.write.WriteAdmission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A tenant of an open instance. Reads are answered in the caller's thread; writes go through {@link WriteAdmission}. */
public final class EmbeddedTenant implements Tenant {

    private static final int MAX_TOP = 10_000;

    private final Instance tidal;
    private final TenantState state;
    private final ShardRouter router;
    private final NavigableMap<ReplicaId, TenantShard> replicas = new ConcurrentSkipListMap<>();
    private volatile TenantRecord record;
    private volatile List<ReplicaId> placement;
    private final WriteAdmission admission;
    private final RegionalWrites regional;
    private final HeldWrites held;

    /** Null where all nodes are in this process. */
    private final @Nullable RoutedTenant routed;

    private final WriteAdmission.@Nullable Elsewhere elsewhere;
    private final HeldPositions positions;
    private final LocalUsers users;
    private final MovingReads moving;

    /** Completes when this process has done next what was agreed on the tenant; then another one takes its place. */
    private volatile CompletableFuture<Void> turn = new CompletableFuture<>();

    /** The label that was written on another node, until the replica here has it. */
    private volatile @Nullable NewLabel newLabel;

    /** A label that was written elsewhere, and the one that was known here then. */
    private record NewLabel(String text, @Nullable String before) {}

    /** Opens a tenant none of whose slots is open yet; {@code calls} is null where all nodes are in this process. */
    public EmbeddedTenant(Instance tidal, TenantState state, TenantRecord record, @Nullable RemoteCalls calls) {
        this.tidal = tidal;
        this.state = state;
        this.record = record;
        this.placement = record.placement();
        this.router = ShardRouter.hashed(placement.size());
        this.admission = new WriteAdmission(tidal, state, router);
        this.regional = new RegionalWrites(tidal, record, router);
        this.held = new HeldWrites(tidal, () -> turn);
        this.moving = new MovingReads(this, tidal);
        this.routed = calls == null ? null : new RoutedTenant(this, tidal, calls, router);
        this.elsewhere = routed == null ? null : routed::send;
        this.positions = new HeldPositions(this, tidal);
        this.users = new LocalUsers(this, tidal, router);
    }

    /** Returns the tenant as users see it: with what other processes have of it. */
    public Tenant everywhere() {
        return routed == null ? this : routed;
    }

    /** Returns what admits a write. */
    public WriteAdmission admission(WriteOptions options) {
        if (regional.areMeant()) {
            return options.region()
                    .map(regional::in)
                    .orElseGet(() -> regional.at(near()))
                    .admission();
        }
        options.region().ifPresent(this::requireLedIn);
        return admission;
    }

    /** Returns what admits a record of a replica's. */
    public WriteAdmission admission(TenantShard shard) {
        return regional.areMeant() ? regional.at(shard.replica().region()).admission() : admission;
    }

    /** Returns what encodes a write for another node, which admits it. */
    WriteAdmission forwarding(WriteOptions options) {
        if (!regional.areMeant()) {
            return admission(options);
        }
        requireTaker(options);
        return regional.at(near()).admission();
    }

    /** Refuses a region that does not take the tenant's writes. */
    void requireTaker(WriteOptions options) {
        options.region().ifPresent(regional.areMeant() ? this::requireHeldIn : this::requireLedIn);
    }

    private void requireHeldIn(RegionId region) {
        SortedSet<RegionId> whole = new TreeSet<>(regionsOf(placement.get(0)));
        placement.forEach(leader -> whole.retainAll(regionsOf(leader)));
        if (!whole.contains(region)) {
            throw TidalException.invalid(
                    "tenant " + id() + " has not all of its shards in region " + region + ": expected one of " + whole);
        }
    }

    private List<RegionId> regionsOf(ReplicaId slot) {
        return tidal.cluster().replicas().allowed(slot.shard(), state.config()).stream()
                .map(ShardAssignment::region)
                .toList();
    }

    private void requireLedIn(RegionId region) {
        if (placement.stream().anyMatch(leader -> !leader.region().equals(region))) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "tenant " + id() + " is written through " + placement + " alone, not in region " + region
                            + ": leave the region out, or create a tenant with writes EVERYWHERE");
        }
    }

    /** Returns the region that is nearest to who calls. */
    private RegionId near() {
        return routed == null ? placement.get(0).region() : tidal.region();
    }

    /** Returns whether all of the tenant is read and written in the nearest region, whoever leads it. */
    boolean isNear() {
        RegionalWrites.Share share = regional.areMeant() ? regional.of(near()) : null;
        return share != null && share.isWhole();
    }

    /** Returns what has reads done anew that were routed by what is out of date. */
    MovingReads moving() {
        return moving;
    }

    /** Returns the replicas here that answer sums, one for each slot that has any. */
    List<TenantShard> answering() {
        return isNear() ? regional.at(near()).state().slots() : state.slots();
    }

    /** Returns the replica of a slot that takes what is asked for. */
    ReplicaId route(int slot, Optional<RegionId> region) {
        ReplicaId leader = placement.get(slot);
        return region.or(() -> isNear() ? Optional.of(near()) : Optional.empty())
                .map(where -> new ReplicaId(where, leader.shard()))
                .orElse(leader);
    }

    /** Returns the replica of a slot that takes a record about a user. */
    ReplicaId taking(int slot, WriteOptions options) {
        return regional.areMeant() ? route(slot, options.region()) : placement.get(slot);
    }

    /** Returns the replica in this process that takes a record about a user; null if there is none. */
    @Nullable
    TenantShard takingHere(int slot, WriteOptions options) {
        TenantShard near = regional.areMeant()
                ? options.region()
                        .map(regional::in)
                        .orElseGet(() -> regional.at(near()))
                        .state()
                        .leading(slot)
                : null;
        return near == null ? state.leading(slot) : near;
    }

    /** Returns what a replica shares with others here. */
    public TenantState stateOf(ReplicaId replica) {
        return regional.areMeant() ? regional.at(replica.region()).state() : state;
    }

    /** Marks the tenant as deleted: what is queued is refused. */
    public void delete() {
        state.delete();
        regional.delete();
    }

    /** Returns a moving average of acknowledged signals a second. */
    public double rate(long nowNanos) {
        return state.rate(nowNanos) + (regional.areMeant() ? regional.rate(nowNanos) : 0);
    }

    /** Returns signals that the rate limit refused since this instance was opened. */
    public long throttled() {
        return state.throttled() + (regional.areMeant() ? regional.throttled() : 0);
    }

    /** Checks that writes that were not admitted yet are taken here. */
    public void requireHome() {
        if (!regional.areMeant() || regional.at(near()).state().leading(0) == null) {
            home();
        }
    }

    /** Returns what takes the parts of writes that other nodes lead; null where all nodes are in this process. */
    public WriteAdmission.@Nullable Elsewhere elsewhere() {
        return elsewhere;
    }

    /** Writes the label into the log of the first slot, which is led here. */
    public void label(String text) {
        tidal.await(writeLabel(text));
    }

    /** As {@link #label}, without waiting. */
    public CompletableFuture<Void> writeLabel(String text) {
        TenantShard home = home();
        return tidal.node(home).label(home, text);
    }

    /** Returns the replica here that leads the first slot. */
    public TenantShard home() {
        TenantShard home = state.leading(0);
        if (home == null) {
            throw new TidalException(
                    ErrorCode.NOT_OWNER, "the first slot of tenant " + id() + " is led by another node");
        }
        return home;
    }

    /** Takes note of a label that was written on another node. */
    void labelled(String text) {
        newLabel = new NewLabel(text, labelHere());
    }

    private @Nullable String labelHere() {
        TenantShard first = replica(placement.get(0).shard());
        return first == null ? null : first.label();
    }

    private @Nullable String currentLabel() {
        String here = labelHere();
        NewLabel written = newLabel;
        return written != null && Objects.equals(written.before, here) ? written.text : here;
    }

    /** Returns what was agreed on it, as far as it is done here. */
    public TenantRecord record() {
        return record;
    }

    /** Takes over the configuration that was agreed. */
    public void agreed(TenantRecord next) {
        if (!next.config().equals(state.config())) {
            RateQuota before = state.rates();
            state.configure(next.config(), before.serves(next.config()) ? before : tidal.rates(next.config()));
            regional.configure(next.config());
        }
        record = next;
    }

    /** Returns what seals what is stored of the tenant. */
    public KeyRing keys() {
        return state.keys();
    }

    /** Returns why nothing of the tenant is read or written here, also while it is being opened after its keys have come back. */
    public @Nullable TidalException suspension() {
        return Stream.concat(
                        Stream.ofNullable(keys().suspension()),
                        replicas.values().stream()
                                .map(TenantShard::damage)
                                .filter(damage -> damage != null && damage.code() == ErrorCode.TENANT_SUSPENDED))
                .findFirst()
                .orElse(null);
    }

    /** Seals and opens with other keys from now on; those that can do the same go on to count what they seal. */
    public void keys(KeyRing next) {
        if (!state.keys().isSameAs(next)) {
            state.keys(next);
            regional.keys(next);
        }
    }

    /** Serves with this replica from now on. */
    public void opened(TenantShard shard) {
        replicas.put(shard.replica(), shard);
        assemble();
    }

    /** Returns a replica in this process; null if there is none. */
    public @Nullable TenantShard open(ReplicaId replica) {
        return replicas.get(replica);
    }

    /** Serves with a replica no more; returns it, or null if there is none. */
    public @Nullable TenantShard closed(ReplicaId replica) {
        return replicas.remove(replica);
    }

    /** Returns the replicas in this process, in order. */
    public List<ReplicaId> replicaIds() {
        return List.copyOf(replicas.keySet());
    }

    /** Sends writes to these replicas from now on, one for each slot. */
    public void ledBy(List<ReplicaId> leaders) {
        boolean counted = state.leading(0) != null;
        placement = List.copyOf(leaders);
        assemble();
        if (!counted) {
            recount();
        }
    }

    /** Writes that are held back are tried again: this process has done something that was agreed. Called on the control scheduler. */
    public void turned() {
        CompletableFuture<Void> before = turn;
        turn = new CompletableFuture<>();
        before.complete(null);
    }

    /** Returns what holds back writes that another replica takes, or will. */
    HeldWrites held() {
        return held;
    }

    /** Begins to count the tenant's rate where another node did, or this one before it ended: a full bucket would be granted twice. */
    public void recount() {
        if (routed != null && state.leading(0) != null) {
            state.rates().drain(tidal.clock().monotonicNanos());
        }
    }

    private synchronized void assemble() {
        @Nullable TenantShard[] leaders = new TenantShard[placement.size()];
        List<TenantShard> held = new ArrayList<>();
        for (int slot = 0; slot < leaders.length; slot++) {
            ReplicaId leader = placement.get(slot);
            leaders[slot] = replicas.get(leader);
            TenantShard here = replica(leader.shard());
            if (here != null) {
                held.add(here);
            }
        }
        state.assemble(leaders, held);
        regional.assemble(placement, replicas);
    }

    /** Returns a replica of a shard in this process, the one that leads if it is here; null if there is none. */
    public @Nullable TenantShard replica(ShardId shard) {
        TenantShard found = null;
        for (TenantShard each : replicas.values()) {
            if (each.replica().shard().equals(shard)) {
                found = found == null || placement.contains(each.replica()) ? each : found;
            }
        }
        return found;
    }

    /** Returns the tenant's slots in this process, each replica of them. */
    public Collection<TenantShard> replicas() {
        return replicas.values();
    }

    /** Returns the replicas of a slot in this process, in order of region. */
    public List<TenantShard> replicas(ShardId shard) {
        return replicas.values().stream()
                .filter(replica -> replica.replica().shard().equals(shard))
                .toList();
    }

    /** Returns what its slots share. */
    public TenantState state() {
        return state;
    }

    @Override
    public TenantId id() {
        return state.config().id();
    }

    @Override
    public TenantConfig config() {
        tidal.checkOpen();
        String label = currentLabel();
        TenantConfig config = record.change() == null ? state.config() : record.wanted();
        return label == null || label.equals(config.label())
                ? config
                : config.toBuilder().label(label).build();
    }

    @Override
    public List<ReplicaId> placement() {
        return placement;
    }

    @Override
    public Position recordAll(List<Signal> signals, WriteOptions options) {
        try {
            return await(
                    admission(options).submit(signals, options, null, elsewhere).result(), options);
        } catch (TidalException e) {
            if (routed != null || !held.isHeld(e)) {
                throw e;
            }
            return await(held.again(e, () -> submit(signals, options), options.deadline()), options);
        }
    }

    private CompletableFuture<Position> submit(List<Signal> signals, WriteOptions options) {
        return admission(options)
                .submit(signals, options, tidal.callbacks(), elsewhere)
                .result();
    }

    /** Waits for a write for as long as its caller does. */
    Position await(CompletableFuture<Position> write, WriteOptions options) {
        try {
            return tidal.loops().await(write, Clock.nanos(options.deadline()));
        } catch (ExecutionException e) {
            throw Waiting.unwrap(e);
        } catch (TimeoutException e) {
            throw late("was not acknowledged within " + options.deadline(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw late("was interrupted while it waited", e);
        }
    }

    private TidalException late(String what, Exception cause) {
        return new TidalException(
                ErrorCode.DEADLINE_EXCEEDED,
                "a write of tenant " + id() + " " + what
                        + "; it may still become durable: retry it with the same idempotency key",
                cause);
    }

    @Override
    public CompletionStage<Position> recordAllAsync(List<Signal> signals, WriteOptions options) {
        return heldBack(() -> submit(signals, options), options);
    }

    /** Tries a write; where all replicas are in this process, again while its slot is about to be led by another one. */
    CompletableFuture<Position> heldBack(Supplier<CompletableFuture<Position>> attempt, WriteOptions options) {
        CompletableFuture<Position> first;
        try {
            first = attempt.get();
        } catch (TidalException e) {
            first = CompletableFuture.failedFuture(e);
            if (!held.isHeld(e)) {
                // Not wrapped, and at once: many refusals are no reason to do much work.
                return first;
            }
        }
        return routed != null ? first : held.watched(first, attempt, options.deadline());
    }

    @Override
    public Reading read(String signal, long entity, ReadOptions options) {
        return read(tidal.schema().index(signal), entity, prepare(options), options, new CellView());
    }

    @Override
    public Reading read(String signal, String entity, ReadOptions options) {
        int type = tidal.schema().index(signal);
        EntityId id = EntityNames.idOf(entity);
        long at = prepare(options);
        TenantShard shard = shard(id.value(), options);
        String known = shard.name(id.value());
        if (known == null || !known.equals(entity)) {
            return nothing(id, at, shard);
        }
        return read(type, id.value(), at, options, new CellView());
    }

    @Override
    public List<Reading> readAll(String signal, List<EntityId> entities, ReadOptions options) {
        int type = tidal.schema().index(signal);
        long at = prepare(options);
        CellView view = new CellView();
        List<Reading> readings = new ArrayList<>(entities.size());
        entities.forEach(entity -> readings.add(read(type, entity.value(), at, options, view)));
        return readings;
    }

    /** Returns where records about users are written and read that are in this process. */
    public LocalUsers users() {
        return users;
    }

    /** Writes a record about a user that was sent here because this node leads the first slot. */
    public CompletableFuture<Position> writeFromHome(UserRecord record, WriteOptions options) {
        return routed == null ? users.write(record, options) : routed.users().writeFromHome(record, options);
    }

    @Override
    public HardNegatives negatives() {
        return new TenantNegatives(users);
    }

    @Override
    public Sessions sessions() {
        return new TenantSessions(id(), users);
    }

    /** Checks that a read can be answered, waits for what it asks for, and returns the time that it judges by. */
    long prepare(ReadOptions options) {
        tidal.checkOpen();
        options.minPosition().ifPresent(position -> positions.require(position, options));
        return time(options);
    }

    /** Returns which positions the replicas here have. */
    public HeldPositions positions() {
        return positions;
    }

    private TenantShard shard(long entity, ReadOptions options) {
        return replica(router.slot(entity), options);
    }

    /** Returns the replica of a slot that is to answer. */
    TenantShard replica(int slot, ReadOptions options) {
        while (true) {
            ReplicaId wanted = route(slot, options.region());
            TenantShard found = replicas.get(wanted);
            if (found != null) {
                return found;
            }
            // The slot may have moved between the two looks.
            if (route(slot, options.region()).equals(wanted)) {
                throw notHere(wanted);
            }
        }
    }

    /** Returns the replicas that are to answer together, one for each slot. */
    List<TenantShard> answering(ReadOptions options) {
        return IntStream.range(0, placement.size())
                .mapToObj(slot -> replica(slot, options))
                .toList();
    }

    /** Returns a replica that is here. */
    public TenantShard replica(ReplicaId wanted) {
        TenantShard found = replicas.get(wanted);
        if (found == null) {
            throw notHere(wanted);
        }
        return found;
    }

    /** Returns a replica that is here, of a shard that has a slot as far as is known here. */
    public TenantShard serving(ReplicaId wanted) {
        if (record.slotOf(wanted.shard()) < 0) {
            throw notHere(wanted);
        }
        return replica(wanted);
    }

    /** Returns the replicas that another node asks for; those that answer here if it does not say. */
    public List<TenantShard> asked(@Nullable List<String> names) {
        return names == null
                ? answering()
                : names.stream().map(ReplicaId::parse).map(this::serving).toList();
    }

    private TidalException notHere(ReplicaId wanted) {
        return new TidalException(
                ErrorCode.NOT_OWNER,
                "tenant " + id() + " has no replica " + wanted + ": expected one of " + replicas.keySet());
    }

    /** Returns the replica here, in a region, of the slot that an entity is in. */
    public TenantShard replicaOf(long entity, RegionId region) {
        return replica(new ReplicaId(region, placement.get(router.slot(entity)).shard()));
    }

    /** Returns the replica here that leads a shard. */
    public TenantShard leading(ShardId shard) {
        return state.slots().stream()
                .filter(slot -> slot.replica().shard().equals(shard))
                .findFirst()
                .orElseThrow(() -> new TidalException(
                        ErrorCode.NOT_OWNER, "shard " + shard + " of tenant " + id() + " is led by another node"));
    }

    /** Reads entities as a replica here has them, once it has what is asked for. */
    List<Reading> readFrom(ReplicaId replica, String signal, List<EntityId> entities, ReadOptions options) {
        int type = tidal.schema().index(signal);
        TenantShard shard = prepared(replica, options);
        long at = time(options);
        CellView view = new CellView();
        return entities.stream()
                .map(entity -> read(shard, type, entity.value(), at, view))
                .toList();
    }

    /** Reads an entity by its name as a replica here has it. */
    Reading readFrom(ReplicaId replica, String signal, String entity, ReadOptions options) {
        EntityId id = EntityNames.idOf(entity);
        String known = prepared(replica, options).name(id.value());
        return entity.equals(known)
                ? readFrom(replica, signal, List.of(id), options).get(0)
                : nothing(id, time(options), replica(replica));
    }

    private TenantShard prepared(ReplicaId replica, ReadOptions options) {
        tidal.checkOpen();
        TenantShard shard = replica(replica);
        positions.require(shard, options);
        return shard;
    }

    private long time(ReadOptions options) {
        return options.at().map(EventTime::nanos).orElseGet(tidal.clock()::wallNanos);
    }

    /** Reads an entity as a replica here has it. */
    public Reading readHere(TenantShard shard, int type, long entity, long at) {
        return read(shard, type, entity, at, new CellView());
    }

    private Reading read(int type, long entity, long at, ReadOptions options, CellView view) {
        return read(shard(entity, options), type, entity, at, view);
    }

    private static Reading read(TenantShard shard, int type, long entity, long at, CellView view) {
        if (!shard.readable().read(entity, type, at, view)) {
            return nothing(EntityId.of(entity), at, shard);
        }
        return new Reading(
                EntityId.of(entity),
                view.score(),
                view.count(),
                view.lastHour(),
                view.lastDay(),
                view.lastWeek(),
                EventTime.instant(view.asOfNanos()),
                shard.replica(),
                staleness(shard));
    }

    private static Reading nothing(EntityId entity, long at, TenantShard shard) {
        shard.readable();
        return new Reading(entity, 0, 0, 0, 0, 0, EventTime.instant(at), shard.replica(), staleness(shard));
    }

    private static Duration staleness(TenantShard shard) {
        OptionalLong nanos = shard.stalenessNanos();
        return nanos.isPresent() ? Duration.ofNanos(nanos.getAsLong()) : Reading.UNKNOWN_STALENESS;
    }

    @Override
    public List<ScoredEntity> top(String signal, int k, ReadOptions options) {
        checkTop(k);
        int type = tidal.schema().index(signal);
        long at = prepare(options);
        return top(answering(options), type, at, k, options.user());
    }

    /** Refuses a ranking of more entities than are given at once. */
    public static void checkTop(int k) {
        if (k < 1 || k > MAX_TOP) {
            throw TidalException.invalid("top " + k + " is out of range: expected 1 to " + MAX_TOP);
        }
    }

    /** Ranks the entities of some replicas, of different shards, but for what a user does not want to see. */
    public List<ScoredEntity> top(List<TenantShard> shards, int type, long at, int k, Optional<EntityId> user) {
        TopK top = new TopK(k);
        Map<Long, TenantShard> from = new HashMap<>();
        for (TenantShard shard : shards) {
            TopK ofSlot = user.isPresent()
                    ? shard.readable()
                            .top(type, at, k, shard.hiddenFrom(user.get().value()))
                    : shard.readable().top(type, at, k);
            for (int rank = 0; rank < ofSlot.size(); rank++) {
                top.offer(ofSlot.entity(rank), ofSlot.score(rank));
                from.put(ofSlot.entity(rank), shard);
            }
        }
        top.rank();
        List<ScoredEntity> ranked = new ArrayList<>();
        for (int rank = 0; rank < top.size(); rank++) {
            long entity = top.entity(rank);
            ranked.add(new ScoredEntity(
                    EntityId.of(entity),
                    Objects.requireNonNull(from.get(entity)).name(entity),
                    top.score(rank)));
        }
        return ranked;
    }

    @Override
    public long total(String signal) {
        tidal.checkOpen();
        int type = tidal.schema().index(signal);
        return sum(slot -> slot.total(type));
    }

    @Override
    public long entities(String signal) {
        tidal.checkOpen();
        int type = tidal.schema().index(signal);
        return sum(slot -> slot.entities(type));
    }

    private long sum(ToLongFunction<LedgerSum> value) {
        return answering().stream().map(TenantShard::readable).mapToLong(value).sum();
    }

    @Override
    public TenantUsage usage() {
        tidal.checkOpen();
        return usage(answering());
    }

    /** Returns what replicas here use, and what this node alone knows. */
    public TenantUsage usage(List<TenantShard> shards) {
        Answer.Usage used = usageOf(shards);
        return new TenantUsage(
                rate(tidal.clock().monotonicNanos()),
                used.entities(),
                used.storageBytes(),
                used.accepted(),
                throttled());
    }

    /** Returns what replicas here alone know of the tenant's usage. */
    public Answer.Usage usageOf(List<TenantShard> shards) {
        long accepted = 0;
        long entities = 0;
        long bytes = 0;
        List<SchemaEntry> types = tidal.schema().entries();
        for (TenantShard shard : shards) {
            LedgerSum sum = shard.readable();
            for (SchemaEntry entry : types) {
                accepted += sum.total(entry.index());
            }
            entities += shard.entityCount();
            bytes += shard.storageBytes();
        }
        return new Answer.Usage(0, entities, bytes, accepted, 0);
    }

    @Override
    public List<UsageHour> usageByHour() {
        tidal.checkOpen();
        return usageByHour(answering());
    }

    /** Returns what was written to replicas here in each hour. */
    public List<UsageHour> usageByHour(List<TenantShard> shards) {
        Metering all = new Metering();
        shards.forEach(slot -> all.addAll(slot.metering()));
        return UsageAudit.byHour(all);
    }

    @Override
    public UsageCheck verifyUsage() {
        tidal.checkOpen();
        return moving.read(() -> UsageAudit.of(tidal, answering()));
    }

    @Override
    public List<ReplicaComparison> compareReplicas(boolean repair) {
        if (repair && state.config().writes() == WriteMode.EVERYWHERE) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "replicas of tenant " + id() + " can't be repaired: each of them takes writes (writes "
                            + WriteMode.EVERYWHERE + "), so that none is the one to copy from; compare without repair");
        }
        tidal.checkOpen();
        return state.slots().stream()
                .flatMap(leader -> tidal.compareReplicas(leader, repair).stream())
                .toList();
    }

    @Override
    public void export(Consumer<RecordedSignal> consumer) {
        export(this::export, consumer);
    }

    @Override
    public void exportActs(Consumer<RecordedAct> consumer) {
        export(this::exportActs, consumer);
    }

    private <T> void export(SlotExport.Extract<T> extract, Consumer<T> consumer) {
        tidal.checkOpen();
        if (!regional.areMeant()) {
            SlotExport.here(this, tidal, moving, extract).to(consumer);
            return;
        }
        for (TenantShard shard : answering()) {
            tidal.forEachBatch(shard, (log, counted) -> extract.from(shard, counted, consumer));
        }
    }

    /** Hands over what users did, of a batch. */
    void exportActs(TenantShard shard, Node.Counted counted, Consumer<RecordedAct> consumer) {
        RecordedActs.each(counted, users::signalName, consumer);
    }

    /** Hands over the signals of a batch. */
    public void export(TenantShard shard, Node.Counted counted, Consumer<RecordedSignal> consumer) {
        WalBatch batch = counted.batch();
        counted.forEachSignal((payload, at, seqno) -> {
            long entity = SignalRecords.entity(payload, at);
            int type = SignalRecords.type(payload, at);
            SchemaEntry entry = tidal.schema().entry(type);
            consumer.accept(new RecordedSignal(
                    WalSegmentId.of(batch.origin(), seqno),
                    batch.hlc(),
                    entry == null ? "#" + type : entry.name(),
                    EntityId.of(entity),
                    shard.name(entity),
                    SignalRecords.weight(payload, at),
                    SignalRecords.eventNanos(payload, at)));
        });
    }
}
