package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.HashStream64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.NotOwnerException;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.crdt.LwwRegister;
import io.tidaldb.core.ledger.LedgerSum;
import io.tidaldb.core.ledger.SignalLedger;
import io.tidaldb.core.ledger.StateDigest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One slot of a tenant on the shard that holds it: the state folded from its logs, and what is being committed to them.
 *
 * <p>Written by the commit loop alone. Any thread may read: the ledgers guard themselves, the rest of what readers see is volatile or
 * concurrent.
 */
public final class TenantShard {

    private static final Logger LOG = LoggerFactory.getLogger(TenantShard.class);

    /** Most entities that ledgers have which are merged: all are copied between two commits. */
    private static final int MAX_MERGED_ENTITIES = 100_000;

    private final TenantState tenant;
    private final TenantId tenantId;
    private final ReplicaId replica;
    private final CommitLoop loop;
    private final Flow flow;
    final Schema schema;

    /** The origin under which this process writes. */
    Origin origin;

    final SortedMap<Origin, OriginLedger> origins = new TreeMap<>();
    final SortedMap<Origin, Long> compacted = new TreeMap<>();
    final FoldNotes notes = new FoldNotes();
    final Merges merges = new Merges();
    final Duplicates duplicates = new Duplicates();
    final EntityErasures erasures;
    final BitSet schemaLogged = new BitSet();
    StagedCommit staged = StagedCommit.NOTHING;

    /** The log that was asked for last. Immutable, so that it does not matter which one a thread sees. */
    private LogId log;

    // Replaced when the slot is rebuilt.
    volatile KeyMemory keys;

    /**
     * Keys of what is no signal: where replicas write side by side, two of them can take one key for both, and neither takes the place of
     * the other; else the same as {@link #keys}.
     */
    volatile KeyMemory userKeys;

    volatile Metering metering = new Metering();
    volatile NameTable names = new NameTable();
    volatile UserState users = new UserState();

    /** Those who wait for something to be folded. */
    private final FoldWaits waits = new FoldWaits();

    @Nullable
    SignalLedger base;

    // What readers sum over: the base ledger, then origins as inOrderOfSums has them. Replaced as a whole when one
    // comes
    // or goes.
    private volatile LedgerSum ledgers = new LedgerSum(List.of());
    private List<OriginLedger> order = List.of();
    private volatile int ledgerCount;
    private volatile @Nullable String label;

    /** What {@link #label} was written by, where replicas write side by side; null if it is not known. */
    @Nullable
    LwwRegister<String> labelRegister;

    /** Whether every replica takes writes. */
    private final boolean everywhere;

    private volatile int duplicateWrites;
    private volatile @Nullable Leader leader;
    private volatile long freshNanos;
    private volatile boolean heardOfLeader;
    private volatile boolean gathering;
    private volatile boolean adoptionDue;
    private volatile @Nullable TidalException damage;

    /** Why what was here had to be thrown away, until everything is back that the leader has; null otherwise. */
    private volatile @Nullable TidalException refetching;

    /** How far the logs had gone that were thrown away; empty if that is not known, or everything is back. Immutable. */
    private volatile SortedMap<Origin, Long> hadBefore = Collections.emptySortedMap();

    private volatile boolean alone;

    private volatile LogsNeeded needed;
    private volatile LogsNeeded neededElsewhere = LogsNeeded.NOTHING;
    private volatile boolean keepsLogs;
    private volatile boolean erased;
    private volatile boolean replicated = true;

    /** Since when no writes are taken because another replica is about to lead; null if they are. */
    private volatile @Nullable Long yieldedNanos;

    private volatile @Nullable Long frozenNanos;

    /** When writes were last frozen, whether they are by now or not. */
    private volatile @Nullable Long lastFrozenNanos;

    /** Since when this replica takes writes that others took before; null if it does not, or always did since it was opened. */
    private volatile @Nullable Long ledNanos;

    /** How fast writes come in while the slot is moved and the target would not keep up else; null if as fast as they may. */
    private volatile @Nullable WritePace pace;

    private volatile long logBytes;
    private volatile long checkpointBytes;
    private volatile long entityCount;
    private final Map<Origin, AtomicLong> applied = new ConcurrentHashMap<>();

    /** Size of the log up to what its last checkpoint holds. */
    private long checkpointedBytes;

    /** Size of the log when a checkpoint was last due, whatever became of it. */
    private long attemptedBytes;

    /** Whether the logs are being gone through: a rebuild waits for the end. */
    boolean replaying;

    /** What is to go from the logs because it was erased; null if nothing was since the slot was opened. */
    @Nullable
    Wipe wipe;

    private volatile boolean wiping;

    /** Bytes that were folded from the log when it was opened. */
    long replayedBytes;

    /** Where to read again what counts all at once, and who rebuilds; null until the slot is open. */
    private @Nullable FoldSource logs;

    private boolean needsRebuild;
    private volatile boolean held;

    /** Whether what comes is left in the logs until another replica's state comes, which has folded it. */
    volatile boolean awaitsState;

    private volatile boolean needsSnapshot;

    /** Whether what is wrong was found when the slot was opened: by a look at this disk alone. */
    volatile boolean brokenAtOpen;

    /** Whether what is wrong was found while the slot was served: then it is known what it had, also if it is opened again. */
    volatile boolean brokenInService;

    private boolean opened;

    /** Highest stamp of any batch seen. Invariant: the node's clock lies above it. */
    long lastHlc;

    /** Who takes writes, since which epoch. */
    private record Leader(ReplicaId replica, NodeId node, long epoch, OriginSet former, Origin writer) {}

    TenantShard(Flow flow, ReplicaId replica, Origin origin, CommitLoop loop, Schema schema, long horizonMillis) {
        this.flow = flow;
        this.tenant = flow.tenant;
        this.tenantId = tenant.config().id();
        this.everywhere = tenant.config().writes() == WriteMode.EVERYWHERE;
        this.replica = replica;
        this.origin = origin;
        this.log = new LogId(replica.shard(), tenantId, origin);
        this.loop = loop;
        this.schema = schema;
        this.erasures = new EntityErasures(tenant.digestSeed());
        this.keys = new KeyMemory(horizonMillis);
        // Until others have said what they hold; nobody's state can take the place of one that is written here, too.
        this.needed = everywhere ? LogsNeeded.EVERYTHING : LogsNeeded.NOTHING;
        this.userKeys = everywhere ? new KeyMemory(horizonMillis) : keys;
        rebase();
    }

    /** Returns the tenant. */
    public TenantState tenant() {
        return tenant;
    }

    /** Returns where this slot lives. */
    public ReplicaId replica() {
        return replica;
    }

    /** Returns the loop that owns it. */
    public CommitLoop loop() {
        return loop;
    }

    /** Returns the origin under which this replica writes, if it does. Called by anybody who need not know the newest. */
    public Origin writer() {
        Leader owner = leader;
        return owner == null ? origin : owner.writer;
    }

    /** Returns the line in which the tenant's writes to this node wait, shared by its slots. */
    Flow flow() {
        return flow;
    }

    TenantId tenantId() {
        return tenantId;
    }

    /** Returns what was written to this slot, by hour. */
    public Metering metering() {
        return metering;
    }

    /**
     * Says who takes the slot's writes.
     *
     * @param replica the replica that does, perhaps this one
     * @param node where it is
     * @param former the origins under which others may have written before, whether any of it is here or not
     */
    public void ledBy(ReplicaId replica, NodeId node, long epoch, OriginSet former) {
        Leader before = leader;
        boolean leads = replica.equals(this.replica);
        boolean goesOn = leads && before != null && before.replica.equals(replica) && before.writer.equals(origin);
        gathering = leads && !everywhere && (goesOn ? gathering : !former.isEmpty());
        leader = new Leader(replica, node, epoch, former.minus(OriginSet.of(List.of(origin))), origin);
        if (!leads) {
            yieldedNanos = null;
        }
    }

    /**
     * Returns whether this replica has come to lead and others may still hold what was acknowledged at {@code MAJORITY} before. Safe for
     * any thread.
     */
    public boolean isGathering() {
        return gathering;
    }

    /** Everything is folded that was acknowledged at {@code MAJORITY} before this replica came to lead. */
    void gathered() {
        gathering = false;
        hasEverything();
    }

    /**
     * Takes no more writes here, because another replica is about to lead; or takes them again, if none does after all. What was taken
     * before is in the logs when a task of the loop has run. Safe for any thread.
     */
    public void yields(boolean toAnother) {
        yieldedNanos = toAnother ? (Long) loop.clock().monotonicNanos() : null;
    }

    /**
     * Takes no writes here while it is not agreed whether the slot changes shards, or takes them again; whatever {@link #yields} says. Safe
     * for any thread.
     */
    public void freeze(boolean on) {
        if (on != (frozenNanos != null)) {
            Long now = loop.clock().monotonicNanos();
            frozenNanos = on ? now : null;
            lastFrozenNanos = on ? now : lastFrozenNanos;
        }
    }

    /** Returns how long ago {@link #freeze} has begun to hold writes back last; empty if it never has. Safe for any thread. */
    public OptionalLong frozenNanos() {
        return ago(lastFrozenNanos);
    }

    /** Returns for how long this replica has taken writes; empty if it takes none, or has since it was opened. Safe for any thread. */
    public OptionalLong ledNanos() {
        return ago(ledNanos);
    }

    /** Says that from now on writes are taken here that another replica took before, or the other way round. */
    void takesWrites(boolean now) {
        ledNanos = now ? (Long) loop.clock().monotonicNanos() : null;
    }

    private OptionalLong ago(@Nullable Long nanos) {
        return nanos == null
                ? OptionalLong.empty()
                : OptionalLong.of(Math.max(0, loop.clock().monotonicNanos() - nanos));
    }

    private boolean isYielding() {
        return frozenNanos != null || yieldedNanos != null;
    }

    /** Returns whether another replica may lead, or be about to: this one's word says nothing about what is written. Safe for any thread. */
    public boolean isGivenUp() {
        return isYielding() || !leads();
    }

    /**
     * Holds the slot's writes to a rate while it is moved, or no longer. Safe for any thread.
     *
     * @param signalsPerSecond above 0; null for no bound
     */
    public void slowDown(@Nullable Double signalsPerSecond) {
        pace = signalsPerSecond == null
                ? null
                : new WritePace(signalsPerSecond, loop.clock().monotonicNanos());
    }

    /**
     * Admits a write.
     *
     * @throws TidalException NOT_OWNER if another replica is about to lead, or would, were writes not held to a rate: try again
     */
    public void admit(int signals) {
        if (isYielding() && !everywhere) {
            throw yielding();
        }
        WritePace slowed = pace;
        if (slowed != null && !slowed.admits(signals, loop.clock().monotonicNanos())) {
            throw new TidalException(
                    ErrorCode.NOT_OWNER,
                    "tenant " + tenantId + " is held to " + Math.round(slowed.signalsPerSecond())
                            + " signals a second while it is moved from " + replica + ": try again");
        }
    }

    private TidalException yielding() {
        return new TidalException(
                ErrorCode.NOT_OWNER,
                "another replica than " + replica + " is about to lead tenant " + tenantId + ": try again");
    }

    /** Says what other replicas need of the slot's logs. Safe for any thread. */
    public void needed(LogsNeeded byOthers) {
        needed = byOthers;
    }

    /** Begins to cut the logs whatever the retention is, or ends that: until others have said what they need, they need everything. */
    void wiping(boolean on) {
        if (on && isReplicated()) {
            needed = LogsNeeded.EVERYTHING;
        }
        wiping = on;
    }

    /** Returns whether somebody has to say what others need of the logs, though they are not truncated otherwise. Safe for any thread. */
    public boolean isWiping() {
        return wiping;
    }

    /** Keeps all of the slot's logs, whatever others need, or no longer. Safe for any thread. */
    public void keepLogs(boolean all) {
        keepsLogs = all;
    }

    /** Says what another shard needs of the slot's logs, which is being given the slot. Safe for any thread. */
    public void neededElsewhere(LogsNeeded byAnotherShard) {
        neededElsewhere = byAnotherShard;
    }

    /** Returns what other replicas need of the slot's logs. */
    LogsNeeded needed() {
        return keepsLogs ? LogsNeeded.EVERYTHING : needed.and(neededElsewhere);
    }

    /**
     * Returns from when on the logs must stay readable, because who comes back may bring a write whose key is remembered here, and one of the
     * two has to be taken back: the first stamp that is remembered, in milliseconds. Called by the loop.
     */
    long comparedSinceMillis() {
        return !everywhere ? Long.MAX_VALUE : duplicates.isDue(replica) ? 0 : keys.oldestMillis();
    }

    /** Takes notice that the logs hold everything that the leader had at some time, by this machine's clock. Called by one thread. */
    public void fresh(long atNanos) {
        if (held || needsSnapshot || isElsewhere(leader)) {
            // It is not folded yet, or whoever said so may be behind the shard that has the slot.
            return;
        }
        hasEverything();
        if (!heardOfLeader || atNanos - freshNanos > 0) {
            freshNanos = atNanos;
            heardOfLeader = true;
        }
    }

    /** Returns for how long writes may have been acknowledged that are not here yet: 0 for the leader, empty if it was never heard of. */
    public OptionalLong stalenessNanos() {
        if (everywhere && leader == null) {
            return OptionalLong.of(0);
        }
        if (!everywhere && leads() && !gathering) {
            long held = Math.max(since(yieldedNanos), since(frozenNanos));
            return OptionalLong.of(Math.max(held, loop.lease().overdueNanos()));
        }
        return heardOfLeader
                ? OptionalLong.of(Math.max(0, loop.clock().monotonicNanos() - freshNanos))
                : OptionalLong.empty();
    }

    private long since(@Nullable Long nanos) {
        return nanos == null ? 0 : Math.max(1, loop.clock().monotonicNanos() - nanos);
    }

    /** Returns whether other nodes hold the slot too. */
    public boolean isReplicated() {
        return leader != null && replicated;
    }

    /** Returns whether it was said who takes the slot's writes: other nodes hold it, or another shard does. */
    boolean isLed() {
        return leader != null;
    }

    /** Returns whether it was said that nobody else holds the slot or can be given it, neither another node nor another shard. */
    boolean isAlone() {
        return alone;
    }

    /** Says whether nobody else holds the slot, or can be given it. Until it is said, somebody may. */
    public void alone(boolean nobodyElse) {
        alone = nobodyElse;
    }

    /** Says whether other nodes hold the slot on the same shard, once it is said who takes its writes. */
    public void replicated(boolean byOthers) {
        replicated = byOthers;
    }

    /** Writes under another origin from now on. Called by a task of the loop. */
    void writeUnder(Origin next) {
        origin = next;
    }

    /**
     * Returns the takeover that has to be in the log before anything else that this replica writes: it closes the origins under which
     * others wrote, or this one before, where they are held now. Null if they all are closed.
     */
    ControlRecord.@Nullable Takeover dueTakeover() {
        Leader owner = leader;
        if (everywhere || owner == null || notes.closed().containsAll(owner.former) && areClosed(origins.keySet())) {
            return null;
        }
        SortedMap<Origin, Long> held = new TreeMap<>();
        origins.values().forEach(each -> held.put(each.origin, each.lastSeqno));
        return notes.takeover(owner.epoch, origin, held, owner.former);
    }

    private boolean areClosed(Collection<Origin> others) {
        for (Origin each : others) {
            if (!each.equals(origin) && !notes.limit(each).isClosed()) {
                return false;
            }
        }
        return true;
    }

    /** Returns whether no log of the slot has anything. */
    boolean hasNothing() {
        return compacted.isEmpty()
                && origins.values().stream().allMatch(each -> each.lastSeqno == each.origin.startSeqno());
    }

    /** Returns whether a closed origin's log holds records that count nowhere yet. */
    boolean hasTail() {
        for (OriginLedger each : origins.values()) {
            if (hasTail(each)) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasTail(OriginLedger each) {
        return each.limit.isClosed() && Long.compareUnsigned(each.lastSeqno, each.limit.adoptedTo()) > 0;
    }

    /**
     * Returns whether a tail was to be adopted here when it could not be, as while the lease had lapsed: nothing else may come that has it tried
     * again. Safe for any thread.
     */
    public boolean isAdoptionDue() {
        return adoptionDue;
    }

    void adoptionDue(boolean due) {
        adoptionDue = due;
    }

    /**
     * Returns what makes the tail of a closed origin count, without the writes that count already under their key; null if there is no
     * tail. One after another: two tails can hold the same write.
     */
    ControlRecord.@Nullable Adopt dueAdoption() {
        for (OriginLedger each : origins.values()) {
            if (hasTail(each)) {
                long from = each.limit.adoptedTo() + 1;
                return new ControlRecord.Adopt(each.origin, from, each.lastSeqno, voids(each, from));
            }
        }
        return null;
    }

    private SeqnoRanges voids(OriginLedger tail, long from) {
        SeqnoRanges voids = SeqnoRanges.NONE;
        try (WalCursor cursor = logs().read(this, tail.origin, from)) {
            for (WalBatch batch = cursor.next();
                    batch != null && Long.compareUnsigned(batch.lastSeqno(), tail.lastSeqno) <= 0;
                    batch = cursor.next()) {
                for (KeyBlock.Entry entry : KeyBlock.read(batch)) {
                    if (keys.get(entry.key()) != null) {
                        long first = batch.firstSeqno() + entry.firstRecord();
                        voids = voids.plus(first, first + entry.count() - 1);
                    }
                }
            }
        }
        return voids;
    }

    /** Returns how many ledgers are read for a sum. Safe for any thread. */
    public int ledgerCount() {
        return ledgerCount;
    }

    /**
     * Returns what moves the ledgers of closed origins to the base, so that neither reads nor what is kept grow with the number of leaders;
     * null if that would change nothing, if more of them may count later, or if it would take too long between two commits.
     *
     * @param held how far every member of the slot holds the logs of others, and none of them more
     */
    ControlRecord.@Nullable Merge dueMerge(SortedMap<Origin, Long> held) {
        boolean moves = keepsLogs || neededElsewhere.byAnybody();
        if (everywhere || gathering || moves || !merges.isEmpty() || ledgerCount <= 2) {
            return null;
        }
        List<ControlRecord.End> ends = new ArrayList<>();
        long entities = base == null ? 0 : base.distinctEntities();
        for (OriginLedger each : inOrderOfSums()) {
            if (each.origin.equals(origin)) {
                continue;
            }
            long last = each.lastSeqno;
            // What another shard wrote, somebody there may still have more of.
            boolean certain = each.limit.isClosed()
                    && each.limit.adoptedTo() == last
                    && each.foldedSeqno == last
                    && held.getOrDefault(each.origin, each.origin.startSeqno()) == last
                    && each.origin.shard().equals(replica.shard());
            if (!certain) {
                return null;
            }
            if (last != each.origin.startSeqno() && !(each.isMerged() && merges.follows(each.origin))) {
                ends.add(new ControlRecord.End(each.origin, last));
                entities += each.ledger.distinctEntities();
            }
        }
        return entities > MAX_MERGED_ENTITIES || ends.size() > ControlRecord.MAX_ENDS
                ? null
                : new ControlRecord.Merge(ends);
    }

    /** Returns whether every replica of the slot takes writes, this one too. Safe for any thread. */
    public boolean writesEverywhere() {
        return everywhere;
    }

    /** Returns how many writes are known to count twice, until whoever accepted them again takes them back. Safe for any thread. */
    public int duplicateWrites() {
        return duplicateWrites;
    }

    /** Returns the last seqno of a write that is to be taken back here; null if there is none. */
    Map.@Nullable Entry<Origin, Long> dueVoid() {
        return everywhere ? duplicates.due(replica) : null;
    }

    /**
     * Returns whether another shard has the slot, of which this one is given what it lacks, or was told that it is to be erased. Safe for any
     * thread.
     */
    public boolean isElsewhere() {
        return isElsewhere(leader);
    }

    private boolean isElsewhere(@Nullable Leader owner) {
        return owner != null && !owner.replica.shard().equals(replica.shard());
    }

    /** Is erased from now on: what was read of it stays as it was, and nothing more is taken. Called by a task of the loop. */
    void erased() {
        erased = true;
    }

    /** Returns whether it is erased, or about to be. */
    boolean isErased() {
        return erased;
    }

    /** Returns whether this replica decides on the slot: where not every replica does, it alone takes writes. Safe for any thread. */
    public boolean leads() {
        Leader owner = leader;
        return owner == null || owner.replica.equals(replica);
    }

    /** Returns the replica that takes the slot's writes; null if nobody has said. Safe for any thread. */
    public @Nullable ReplicaId leader() {
        Leader owner = leader;
        return owner == null ? null : owner.replica;
    }

    /** Returns where the replica is that takes the slot's writes; null if nobody has said. Safe for any thread. */
    public @Nullable NodeId leaderNode() {
        Leader owner = leader;
        return owner == null ? null : owner.node;
    }

    /** Returns why no writes are taken here, or null. Safe for any thread. */
    public @Nullable TidalException writeRefusal() {
        TidalException reason = suspension();
        if (reason == null) {
            reason = refusal();
        }
        if (everywhere) {
            return reason;
        }
        Leader owner = leader;
        if (reason == null && owner != null && !owner.replica.equals(replica)) {
            reason = new NotOwnerException(
                    "tenant " + tenantId + " is written through " + owner.replica + " on node " + owner.node + ", not "
                            + replica + ": send the write there",
                    owner.node,
                    owner.epoch);
        }
        if (reason == null && !loop.lease().holds()) {
            reason = new TidalException(
                    ErrorCode.NOT_OWNER,
                    "the node of " + replica + " has not heard of a majority of the nodes for a while, so tenant "
                            + tenantId + " may have another leader by now: try again, or ask another node");
        }
        if (reason == null && isYielding()) {
            reason = yielding();
        }
        if (reason == null && needsSnapshot) {
            // It would be acknowledged and not be seen.
            reason = new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "tenant " + tenantId + " can't be written through " + replica
                            + ": it has folded what does not count, and its logs do not reach back to do it again; promote another replica,"
                            + " which has a snapshot for it");
        }
        return reason;
    }

    /** Returns the slot's log of an origin: mostly the one of before, whose hash is known and for which a store need not compare. */
    @SuppressWarnings("ReferenceEquality") // Another object costs another id, no more.
    public LogId log(Origin of) {
        LogId known = log;
        if (known.origin() != of) {
            known = new LogId(replica.shard(), tenantId, of);
            log = known;
        }
        return known;
    }

    OriginLedger open() {
        return ledger(origin);
    }

    /** Returns what an origin's log is folded into, empty at first. */
    OriginLedger ledger(Origin of) {
        OriginLedger ledger = origins.get(of);
        if (ledger == null) {
            ledger = new OriginLedger(of, new SignalLedger(schema), of.startSeqno(), 0);
            origins.put(of, ledger);
            if (!replaying) {
                rebase();
            }
        }
        return ledger;
    }

    void logs(FoldSource source) {
        logs = source;
    }

    FoldSource logs() {
        return Objects.requireNonNull(logs, "a slot has its logs before it is folded");
    }

    /** Says that an origin's ledger holds records that do not count: nothing is folded until {@link #rebuildIfNeeded}. */
    void rebuild(Origin of) {
        if (!needsRebuild) {
            LOG.info("tenant {} on {} is rebuilt: {} was folded beyond {}", tenantId, replica, of, notes.limit(of));
        }
        needsRebuild = true;
        // No checkpoint so far holds what its logs may be cut to: what does not count now may be adopted, from them.
        wipe = null;
    }

    boolean needsRebuild() {
        return needsRebuild;
    }

    /** Says whether what comes is left in the logs and folded later. */
    void hold(boolean on) {
        held = on;
    }

    /** Returns whether what comes is left in the logs and folded later. */
    boolean isHeld() {
        return held;
    }

    /** Says whether what comes is left in the logs, also if the slot is opened anew, until another replica's state comes, which has folded it. */
    void awaitState(boolean on) {
        if (on != awaitsState) {
            logs().keepAwaiting(this, on);
            awaitsState = on;
        }
    }

    /** Returns whether what comes is left in the logs until another replica's state comes, which has folded it. */
    boolean awaitsState() {
        return awaitsState;
    }

    /** Returns whether nothing is folded for now: the ledgers hold what does not count, or are being repaired, or are yet to come. */
    boolean isStale() {
        return needsRebuild || needsSnapshot || held || awaitsState;
    }

    /** Rebuilds the slot from its logs if some ledger holds what does not count. */
    void rebuildIfNeeded() {
        if (needsRebuild && !needsSnapshot && !replaying) {
            logs().rebuild(this);
        }
    }

    /**
     * Returns whether the ledgers hold records that do not count, and the logs do not reach back far enough to fold them again: the slot
     * needs another replica's snapshot. Its state stays as it is until then.
     */
    public boolean needsSnapshot() {
        return needsSnapshot;
    }

    /** Says that the logs do not reach back to where a rebuild would begin. */
    void needSnapshot() {
        LOG.warn("tenant {} on {} needs a snapshot: its logs do not reach back", tenantId, replica);
        needsSnapshot = true;
    }

    /** Takes the state that another one was given from the same logs. Readers see the ledgers change at once. */
    void become(TenantShard fresh) {
        origins.forEach((of, known) -> {
            if (!fresh.compacted.containsKey(of)) {
                // The log may have grown by what is not folded yet.
                OriginLedger each = fresh.ledger(of);
                each.lastSeqno = known.lastSeqno;
                each.chain = known.chain;
            }
        });
        takeState(fresh);
        replayedBytes = fresh.replayedBytes;
        rebase();
    }

    /** Takes everything of what was opened in its place. Called by a task of the loop. */
    void reopened(TenantShard opened) {
        replaceBy(opened);
        logBytes = opened.logBytes;
        checkpointBytes = opened.checkpointBytes;
        checkpointedBytes = opened.checkpointedBytes;
        attemptedBytes = opened.attemptedBytes;
        replayedBytes = opened.replayedBytes;
        needsSnapshot = opened.needsSnapshot;
        awaitsState = opened.awaitsState;
        brokenAtOpen = opened.brokenAtOpen;
        brokenInService = opened.brokenInService;
        refetching = opened.refetching;
        hadBefore = opened.hadBefore;
        damage = opened.damage;
    }

    /** Takes the state and the positions of another one, whose logs these are now. Readers see the ledgers change at once. */
    void replaceBy(TenantShard fresh) {
        notes.replaceBy(fresh.notes);
        takeState(fresh);
        held = false;
        awaitsState = false;
        applied.keySet().removeIf(of -> !origins.containsKey(of) && !compacted.containsKey(of));
        rebase();
    }

    private void takeState(TenantShard fresh) {
        origins.clear();
        origins.putAll(fresh.origins);
        compacted.clear();
        compacted.putAll(fresh.compacted);
        schemaLogged.clear();
        schemaLogged.or(fresh.schemaLogged);
        base = fresh.base;
        keys = fresh.keys;
        userKeys = fresh.userKeys;
        metering = fresh.metering;
        names = fresh.names;
        users = fresh.users;
        label = fresh.label;
        labelRegister = fresh.labelRegister;
        merges.replaceBy(fresh.merges);
        duplicates.replaceBy(fresh.duplicates);
        erasures.replaceBy(fresh.erasures);
        lastHlc = Math.max(lastHlc, fresh.lastHlc);
        origins.values().forEach(each -> each.limit = notes.limit(each.origin));
        needsRebuild = false;
        needsSnapshot = false;
    }

    /**
     * Makes a state that nobody uses yet that of another slot with the same records. What it knows of erasures is left out: all that they rule
     * out is gone, and what the logs say of them from here on comes with the logs.
     */
    void rename(RenamedOrigins names) {
        notes.rename(names);
        List<OriginLedger> before = List.copyOf(origins.values());
        origins.clear();
        for (OriginLedger each : before) {
            if (each.lastSeqno != each.origin.startSeqno()) {
                Origin to = names.of(each.origin);
                OriginLedger renamed =
                        new OriginLedger(to, each.ledger, names.seqno(each.origin, each.lastSeqno), each.chain);
                renamed.limit = notes.limit(to);
                renamed.foldedSeqno = renamed.limit.end(renamed.lastSeqno);
                origins.put(to, renamed);
            }
        }
        SortedMap<Origin, Long> merged = new TreeMap<>(compacted);
        compacted.clear();
        merged.forEach((each, last) -> compacted.put(names.of(each), names.seqno(each, last)));
        keys.rename(names);
        users.negatives.rename(names);
        users.sessions.rename(names);
        erasures.clear();
    }

    /**
     * Returns the digest of everything that is folded: equal on all replicas that have folded the origins equally far. Called by the loop.
     *
     * @param seed the tenant's
     */
    StateDigest digest(long seed) {
        StateDigest sum = base == null ? StateDigest.empty(seed) : base.digest(seed);
        for (OriginLedger each : origins.values()) {
            sum = sum.plus(each.ledger.digest(seed, each.origin));
            SignalLedger voids = each.voids;
            sum = voids == null ? sum : sum.plus(voids.voidsDigest(seed, each.origin));
        }
        return sum.plus(users.digest(seed));
    }

    /**
     * Returns the digest of everything that is folded, under a key that is mixed with how far each origin is: it can be compared only with
     * that of a replica which is equally far. Called by the loop while it folds.
     */
    public StateDigest digestHere() {
        HashStream64 key = Hashing.xxh3_64().hashStream();
        key.putLong(tenant.digestSeed());
        for (OriginLedger each : origins.values()) {
            if (each.foldedSeqno != each.origin.startSeqno()) {
                key.putInt(each.origin.region().value());
                key.putInt(each.origin.shard().value());
                key.putLong(each.foldedSeqno);
            }
        }
        return digest(key.getAsLong());
    }

    /** Returns one bucket of everything that is folded. Called by the loop while it folds. */
    public BucketImage bucketHere(int bucket, int chunkBytes) {
        Map<Origin, List<byte[]>> cells = new TreeMap<>();
        origins.values().forEach(each -> cells.put(each.origin, each.ledger.extractBucket(bucket, chunkBytes)));
        return new BucketImage(base == null ? List.of() : base.extractBucket(bucket, chunkBytes), cells);
    }

    /** Replaces one bucket of everything that is folded. Called by a task of the loop while nothing is folded. */
    void replaceBucket(int bucket, BucketImage image) {
        if (base != null) {
            base.replaceBucket(bucket, image.base());
        }
        origins.values()
                .forEach(each ->
                        each.ledger.replaceBucket(bucket, image.origins().getOrDefault(each.origin, List.of())));
        rebase();
    }

    /**
     * Returns the origins in the order in which their ledgers are added up: those that are closed in the order of their closing, then the
     * others. So what is merged into the base is what came first, and neither a read nor a later merge adds anything up in another order.
     */
    List<OriginLedger> inOrderOfSums() {
        return origins.values().stream()
                .sorted(Comparator.comparing(each -> notes.limit(each.origin), FoldLimit.BY_CLOSING))
                .toList();
    }

    /** Makes readers see the ledgers in their order, if that is another one now. */
    void reorder() {
        List<OriginLedger> now = inOrderOfSums();
        if (!now.equals(order)) {
            rebase();
        }
    }

    /** Makes readers see the ledgers as they are now. */
    void rebase() {
        List<SignalLedger> all = new ArrayList<>();
        List<SignalLedger> voids = new ArrayList<>();
        if (base != null) {
            all.add(base);
        }
        order = inOrderOfSums();
        for (OriginLedger each : order) {
            each.isRead = !each.isMerged();
            if (each.isRead) {
                all.add(each.ledger);
            }
            if (each.voids != null) {
                voids.add(each.voids);
            }
        }
        ledgers = new LedgerSum(all, voids);
        ledgerCount = all.size() + voids.size();
        entityCount = ledgers.distinctEntities();
        compacted.forEach((of, last) -> applied.put(of, new AtomicLong(last)));
        for (OriginLedger each : origins.values()) {
            each.appliedSeqno.set(each.foldedSeqno);
            applied.put(each.origin, each.appliedSeqno);
        }
        folded();
    }

    /** Makes readers see how far the origins are folded, after their ledgers were. */
    void folded() {
        // What stays as it was is not written: other threads would wait for it.
        int duplicated = duplicates.count();
        if (duplicated != duplicateWrites) {
            duplicateWrites = duplicated;
        }
        for (OriginLedger each : origins.values()) {
            if (each.appliedSeqno.get() != each.foldedSeqno) {
                each.appliedSeqno.set(each.foldedSeqno);
            }
        }
        long entities = ledgerCount == 1 ? ledgers.distinctEntities() : entityCount;
        if (entities != entityCount) {
            entityCount = entities;
        }
        users.sessions.forget();
        waits.look();
    }

    boolean knows(long entity) {
        return ledgers.containsEntity(entity) || users.names(entity);
    }

    /** Returns whether an entity is in a ledger. Called by the loop, also while readers do not see the ledgers yet. */
    boolean inLedger(long entity) {
        return base != null && base.containsEntity(entity)
                || origins.values().stream().anyMatch(each -> each.ledger.containsEntity(entity));
    }

    /** Returns how far the log of each origin has come here, whether it is still there or not. */
    SortedMap<Origin, Long> positions() {
        SortedMap<Origin, Long> positions = new TreeMap<>(compacted);
        origins.values().forEach(each -> positions.put(each.origin, each.lastSeqno));
        return positions;
    }

    /** Returns how far an origin is folded. */
    long foldedTo(Origin of) {
        OriginLedger known = origins.get(of);
        return known != null ? known.foldedSeqno : compacted.getOrDefault(of, of.startSeqno());
    }

    // While there are several ledgers, an entity in more than one counts once: counted as it comes, before its batch is
    // folded.
    void countNewEntities(ByteBuffer records, int from, int count) {
        if (ledgerCount < 2) {
            return;
        }
        // Most batches have no new one.
        Set<Long> added = Collections.emptySet();
        for (int i = 0, at = from; i < count; i++, at += SignalRecords.BYTES) {
            long entity = SignalRecords.entity(records, at);
            if (!ledgers.containsEntity(entity)) {
                added = added.isEmpty() ? new HashSet<>() : added;
                added.add(entity);
            }
        }
        // Only the loop writes it, so nothing comes between.
        long before = entityCount;
        entityCount = before + added.size();
    }

    /** Returns whether an origin's log is folded up to a position. */
    boolean hasFolded(ControlRecord.End position) {
        OriginLedger known = origins.get(position.origin());
        return known == null
                ? compacted.containsKey(position.origin())
                : Long.compareUnsigned(known.foldedSeqno, position.lastSeqno()) >= 0;
    }

    /** Returns which entities of some signal records have events. */
    SortedSet<Long> knownEntities(ByteBuffer records) {
        SortedSet<Long> entities = new TreeSet<>();
        for (int at = 0; at < records.limit(); at += SignalRecords.BYTES) {
            long entity = SignalRecords.entity(records, at);
            if (knows(entity)) {
                entities.add(entity);
            }
        }
        return entities;
    }

    /** Some signals of entities that had events were taken back. */
    void forgotten(SortedSet<Long> entities) {
        long gone = entities.stream().filter(entity -> !knows(entity)).count();
        // Only the loop writes it, so nothing comes between.
        long before = entityCount;
        entityCount = before - gone;
    }

    /** Everything that names an entity in the logs that are meant is gone from here on. */
    void erase(Origin writer, long seqno, ControlRecord.Erase erase) {
        if (erasures.isLoggedAgain(erase.number(), writer)) {
            return;
        }
        EntityErasures.Note note = erasures.add(writer, seqno, erase);
        if (base != null) {
            base.erase(erase.entity());
        }
        origins.values().stream()
                .filter(each -> note.covers(each.origin, 0))
                .forEach(each -> each.ledger.erase(erase.entity()));
        names = names.without(erase.entity());
        users.erase(note, erase.entity(), erase.sessions());
        rebase();
    }

    /** Returns what erases an entity from the slot as it is here. */
    ControlRecord.Erase erasure(long number, long entity) {
        Leader owner = leader;
        // The takeover that closes them may be no earlier in the log than this.
        OriginSet former = owner == null ? OriginSet.NONE : owner.former;
        OriginSet others = OriginSet.of(origins.keySet())
                .plus(OriginSet.of(compacted.keySet()))
                .plus(notes.closed())
                .plus(former)
                .minus(OriginSet.of(List.of(origin)));
        return new ControlRecord.Erase(
                number,
                entity,
                others,
                users.sessions.with(entity).stream()
                        .limit(ControlRecord.Erase.MAX_SESSIONS)
                        .toList());
    }

    void damaged(TidalException reason) {
        if (damage == null) {
            damage = reason;
        }
    }

    /** What is on the disk is not what was written, as was found while the slot was served, or is opened. Called by the loop. */
    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    void damagedOnDisk(TidalException reason) {
        boolean found = opened && damage == null;
        damaged(reason);
        if (found) {
            brokenInService = true;
            // After what is being committed, which is acknowledged as well.
            loop.submit(() -> {
                if (isDamagedOnDisk() && isKnownThoughDamaged()) {
                    logs().noteDamage(this);
                }
                return null;
            });
        }
    }

    /** The slot is served from now on, unless it is damaged. */
    void opened() {
        opened = true;
    }

    /** Takes up again how far the logs of a damaged slot were known to go: as if it had not been opened again since that was found. */
    void recallDamage(Map<Origin, DamageNote.End> ends) {
        ends.forEach((of, end) -> {
            if (!compacted.containsKey(of)) {
                OriginLedger known = ledger(of);
                known.lastSeqno = end.lastSeqno();
                known.chain = end.chain();
            }
        });
        brokenAtOpen = false;
        brokenInService = true;
    }

    /** Begins anew with nothing, because of what was wrong: reads are refused until everything is back. */
    void refetch(TenantShard empty, TidalException reason, SortedMap<Origin, Long> had) {
        refetches(reason, had);
        replaceBy(empty);
        brokenAtOpen = false;
        brokenInService = false;
        damage = null;
        wipe = null;
    }

    /** Returns whether what is damaged here is fetched from another replica, and need not be mended by anybody. Safe for any thread. */
    public boolean isFetchedIfDamaged() {
        return (isReplicated() || isElsewhere()) && !everywhere;
    }

    /**
     * Says that what was here was thrown away, and is fetched again: reads are refused until everything is back.
     *
     * @param had how far the logs had gone; empty if that is not known
     */
    void refetches(TidalException reason, SortedMap<Origin, Long> had) {
        hadBefore = Collections.unmodifiableSortedMap(had);
        refetching = reason;
    }

    /** Returns how far the logs had gone that were thrown away; empty if that is not known, or everything is back. */
    SortedMap<Origin, Long> hadBefore() {
        return hadBefore;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    private void hasEverything() {
        if (refetching != null) {
            refetching = null;
            hadBefore = Collections.emptySortedMap();
            loop.submit(() -> {
                if (damage == null && refetching == null) {
                    logs().forgetDamage(this);
                }
                return null;
            });
        }
    }

    /** Returns whether what was here was thrown away, and not everything is back that the leader has. Safe for any thread. */
    public boolean isRefetching() {
        return refetching != null;
    }

    /**
     * Returns whether files of the slot are damaged, so that neither reads nor writes are served: what its other files hold is given to other
     * replicas all the same. Safe for any thread.
     */
    public boolean isDamagedOnDisk() {
        TidalException reason = damage;
        return reason != null
                && (reason.code() == ErrorCode.CORRUPT_LOG || reason.code() == ErrorCode.CORRUPT_DATA)
                && (brokenAtOpen || brokenInService);
    }

    /**
     * Returns whether files of the slot are damaged, or were thrown away for that and not everything is back, and it is known all the same how
     * far its logs had gone: it was whole when that was found. Safe for any thread.
     */
    public boolean isKnownThoughDamaged() {
        return isRefetching() ? damage == null && !hadBefore.isEmpty() : isDamagedOnDisk() && brokenInService;
    }

    /**
     * Returns whether the slot could not be opened, so that what it tells others of its logs is not all that it has acknowledged. Safe for any
     * thread.
     */
    public boolean isUnopened() {
        return brokenAtOpen;
    }

    void label(@Nullable String text) {
        label = text;
    }

    /** The label was written; where replicas write side by side, the last write wins, in whatever order they come. */
    void labelled(LwwRegister<String> written) {
        LwwRegister<String> known = labelRegister;
        LwwRegister<String> last = everywhere && known != null ? known.merge(written) : written;
        labelRegister = last;
        label = last.value();
    }

    void logBytes(long bytes) {
        logBytes = bytes;
    }

    void checkpointBytes(long bytes) {
        checkpointBytes = bytes;
    }

    /** Returns bytes of logs. */
    public long logBytes() {
        return logBytes;
    }

    /** Returns bytes of the newest checkpoint; 0 if there is none. */
    public long checkpointBytes() {
        return checkpointBytes;
    }

    /** Says how much of the log the last checkpoint holds. */
    void checkpointedBytes(long bytes) {
        checkpointedBytes = bytes;
        attemptedBytes = bytes;
    }

    /** Returns by how much the log has grown since what its last checkpoint holds. */
    long uncheckpointedBytes() {
        return logBytes - checkpointedBytes;
    }

    /** Says that a checkpoint is tried now: the next is due when the log has grown as much again. */
    void checkpointAttempted() {
        attemptedBytes = logBytes;
    }

    /** Returns whether a checkpoint should be tried: one that is as large as the log's growth costs no more than the log did. */
    boolean isCheckpointDue(long minimumGrowth) {
        return logBytes - attemptedBytes >= Math.max(minimumGrowth, checkpointBytes);
    }

    /** Returns the label that the tenant's log holds, or null. */
    public @Nullable String label() {
        return label;
    }

    /** Returns why the slot is quarantined, or null. */
    public @Nullable TidalException damage() {
        return damage;
    }

    /** Returns distinct entities. */
    public long entityCount() {
        return entityCount + users.namedEntities();
    }

    /** Returns bytes of logs and checkpoints. */
    public long storageBytes() {
        return logBytes + checkpointBytes;
    }

    /**
     * Returns whether a write under this key is remembered.
     *
     * @param part what the new write has for this slot, or null if nothing
     * @throws TidalException IDEMPOTENCY_KEY_REUSED if it was another write
     */
    public boolean remembers(IdempotencyKey key, @Nullable WriteRequest part, long nowMillis) {
        expireKeys(nowMillis);
        KeyMemory.Result known = remembered(key);
        if (known == null) {
            return false;
        }
        if (part == null || known.payloadHash() != part.payloadHash()) {
            throw keyReused(key);
        }
        return true;
    }

    /** Returns what was written under a key, null if nothing is remembered: signals, if it was used for them and for something else. */
    KeyMemory.@Nullable Result remembered(IdempotencyKey key) {
        KeyMemory.Result signals = keys.get(key);
        return signals != null ? signals : userKeys.get(key);
    }

    /**
     * Forgets keys after the horizon: where replicas write side by side, as much later as others may not have been heard of, up to another
     * horizon, so that what both sides of a cut took is still compared when they meet.
     */
    void expireKeys(long nowMillis) {
        long unheardMillis = !everywhere || leader == null
                ? 0
                : stalenessNanos().stream()
                        .map(nanos -> nanos / 1_000_000)
                        .findFirst()
                        .orElse(Long.MAX_VALUE);
        long horizon = keys.horizonMillis();
        keys.expire(nowMillis - Math.min(horizon, unheardMillis));
        userKeys.expire(nowMillis - Math.min(horizon, unheardMillis));
    }

    TidalException keyReused(IdempotencyKey key) {
        return new TidalException(
                ErrorCode.IDEMPOTENCY_KEY_REUSED,
                "idempotency key " + key + " of tenant " + tenantId
                        + " was used for another write: expected the same signals, or a new key");
    }

    /** Returns the refusal of a name whose id is another one's. */
    public static TidalException nameCollision(TenantId tenant, long entity, String name, String known) {
        return new TidalException(
                ErrorCode.NAME_COLLISION,
                "entity name \"" + name + "\" of tenant " + tenant + " has the same id " + Long.toUnsignedString(entity)
                        + " as \"" + known + "\": rename one of them");
    }

    /** Returns the name of an entity, or null if it goes by number. */
    public @Nullable String name(long entity) {
        return names.get(entity);
    }

    /**
     * Returns the state to read.
     *
     * @throws TidalException CORRUPT_LOG if the slot is quarantined, TENANT_SUSPENDED, TENANT_NOT_FOUND if the tenant was deleted, CLOSED
     */
    public LedgerSum readable() {
        TidalException reason = suspension();
        if (reason == null) {
            reason = refusal();
        }
        if (reason == null) {
            reason = refusal(refetching);
        }
        if (reason != null) {
            throw reason;
        }
        return ledgers;
    }

    /**
     * Returns why nothing of the tenant is read or written until its keys are back, or null. What is stored of it is there all the same, and
     * counts for others.
     */
    public @Nullable TidalException suspension() {
        return tenant.isDeleted() ? null : refusal(tenant.keys().suspension());
    }

    /** Returns why neither reads nor writes are served, or null. */
    public @Nullable TidalException refusal() {
        if (loop.isClosed()) {
            return new TidalException(ErrorCode.CLOSED, "this instance of Tidal is closed");
        }
        if (tenant.isDeleted()) {
            return new TidalException(
                    ErrorCode.TENANT_NOT_FOUND, "tenant " + tenantId + " does not exist: it was deleted");
        }
        return refusal(damage);
    }

    private @Nullable TidalException refusal(@Nullable TidalException current) {
        if (current instanceof CorruptLogException corrupt) {
            return new CorruptLogException(
                    tenantId + "/" + replica, corrupt.file(), corrupt.offset(), corrupt.expected(), corrupt.actual());
        }
        return current == null
                ? null
                : new TidalException(current.code(), String.valueOf(current.getMessage()), current);
    }

    /** Returns which items of this slot a user does not want to see. Follows what is folded afterwards. */
    public LongPredicate hiddenFrom(long user) {
        readable();
        return item -> users.negatives.hiddenFrom(user).test(item);
    }

    /** Returns what a user has added here and not withdrawn, by item and then by record. */
    public List<HiddenItem> hiddenItems(long user) {
        readable();
        return users.negatives.of(user).stream()
                .map(each -> new HiddenItem(each.what(), each.item(), each.record()))
                .toList();
    }

    /** Returns what is known of a session. */
    public SessionImage session(long session) {
        readable();
        SessionTable.State state = users.sessions.of(session);
        return new SessionImage(
                state.entries().stream()
                        .map(each -> new SessionImage.Write(each.record(), each.name(), each.hlc()))
                        .toList(),
                state.mark(),
                replica,
                stalenessNanos().orElse(-1));
    }

    /** Returns the highest number up to which all writes of a session are folded. */
    public long sessionMark(long session) {
        return users.sessions.mark(session);
    }

    /** Returns the refusal of a session's write whose predecessors are not here. */
    public TidalException sessionOutOfOrder(SessionRecord record) {
        return SessionTable.outOfOrder(record, sessionMark(record.session()));
    }

    /**
     * Returns whether a record is folded here; other than {@link #holds}, also says no where its origin was never heard of.
     */
    public boolean hasFolded(WalSegmentId record) {
        AtomicLong position = applied.get(record.origin());
        return position != null && Long.compareUnsigned(position.get(), record.seqno()) >= 0;
    }

    /** Returns whether anything of an origin was ever seen here. */
    public boolean knows(Origin of) {
        return applied.get(of) != null;
    }

    /**
     * Returns whether this replica writes under an origin and has folded all that it wrote. Whoever leads no more may have written what counts
     * only when the next leader has adopted it.
     */
    public boolean writesUnder(Origin of) {
        return of.equals(origin) && (everywhere || leads()) && !held && !needsSnapshot;
    }

    /**
     * Waits until something is folded here.
     *
     * @param condition asked after each commit, by the loop, and by the caller; must not block
     */
    public CompletableFuture<Void> when(BooleanSupplier condition) {
        return waits.until(condition);
    }

    /**
     * Returns whether a record is folded here; records of origins that were merged into the base ledger are.
     *
     * @throws TidalException POSITION_UNKNOWN if this slot never saw the origin
     */
    public boolean holds(WalSegmentId record) {
        AtomicLong position = applied.get(record.origin());
        if (position == null) {
            throw new TidalException(
                    ErrorCode.POSITION_UNKNOWN,
                    "position " + record + " of tenant " + tenantId
                            + " is not known here: expected one that a write of this tenant returned");
        }
        return Long.compareUnsigned(position.get(), record.seqno()) >= 0;
    }
}
