package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.audit.AuditChange;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.core.audit.AuditJournal;
import io.tidaldb.core.audit.AuditPage;
import io.tidaldb.core.audit.Provenance;
import io.tidaldb.core.upgrade.NodeUpgrade;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.UpgradePhase;
import io.tidaldb.core.upgrade.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Proposes decisions and keeps the state that follows from those agreed.
 *
 * <p>Safe for any number of threads: the state is guarded by this object's lock, held only to apply a command or to copy.
 */
public final class ControlPlane implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ControlPlane.class);
    private static final int MAX_REPLIES = 1024;

    /** How many entries a log holds besides a snapshot: few enough to replay at once, enough to make snapshots rare. */
    private static final int SNAPSHOT_INTERVAL = 1024;

    /** After how many entries it is noted at the latest how far this node has come: a sync each. */
    private static final int MARK_INTERVAL = 32;

    private final ControlLog log;
    private final Executor proposing;
    private final CommandCodec codec = new CommandCodec();
    private final ClusterState state = new ClusterState();
    private final SortedMap<Long, Reply> replies = new TreeMap<>();
    private final SortedMap<Long, List<CompletableFuture<Void>>> awaited = new TreeMap<>();
    private final Release release;
    private final StateCodec stateCodec;
    private final @Nullable AuditJournal journal;
    private final @Nullable ControlMarks marks;
    private final Supplier<@Nullable Provenance> self;
    private long index;
    private long lastSnapshot;
    private volatile long lastMark;
    private volatile boolean watching;
    private volatile @Nullable Listener listener;
    private final CompletableFuture<TidalException> failure = new CompletableFuture<>();

    /** Is told of what was agreed, in order, once the state holds it; by one thread at a time, which it must not block. */
    @FunctionalInterface
    public interface Listener {

        /**
         * Something may have changed.
         *
         * @param tenants whose records it was; empty if it was something else, or everything
         */
        void changed(List<TenantId> tenants);
    }

    /**
     * Replays what was agreed before.
     *
     * @param proposing hands proposals to the log: a thread that is never interrupted, as that would close the log's file under it
     */
    public ControlPlane(ControlLog log, Executor proposing) {
        this(log, proposing, null, () -> null);
    }

    /**
     * Replays what was agreed before.
     *
     * @param proposing hands proposals to the log: a thread that is never interrupted, as that would close the log's file under it
     * @param journal takes the whole audit log, and is closed with this; null to keep its newest entries only
     * @param self who proposes what nobody is named for
     */
    public ControlPlane(
            ControlLog log, Executor proposing, @Nullable AuditJournal journal, Supplier<@Nullable Provenance> self) {
        this(log, proposing, journal, null, self, Release.current());
    }

    /**
     * Replays what was agreed before.
     *
     * @param proposing as above
     * @param journal as above
     * @param marks where it is noted how far this node has come; null for nowhere
     * @param self as above
     * @param release what this node runs
     * @throws TidalException VERSION_MISMATCH if the cluster is finalized at a newer version, or too old a one
     */
    public ControlPlane(
            ControlLog log,
            Executor proposing,
            @Nullable AuditJournal journal,
            @Nullable ControlMarks marks,
            Supplier<@Nullable Provenance> self,
            Release release) {
        this.marks = marks;
        this.release = release;
        this.stateCodec = new StateCodec(release);
        this.log = log;
        this.proposing = proposing;
        this.journal = journal;
        this.self = self;
        log.watch(new ControlListener() {
            @Override
            public void snapshot(ControlSnapshot snapshot) {
                replaced(snapshot);
                if (watching) {
                    mark();
                }
            }

            @Override
            public void committed(ControlEntry entry) {
                ClusterCommand command = applied(entry);
                compactIfDue(entry.index());
                // Whoever is opened again asks the nodes that are noted, and waits for a majority of them.
                boolean due = command instanceof ClusterCommand.OfNodes || entry.index() - lastMark >= MARK_INTERVAL;
                if (watching && due) {
                    mark();
                }
            }

            @Override
            public void failed(TidalException reason) {
                failure.complete(reason);
            }
        });
        watching = true;
        compactIfDue(index());
        mark();
    }

    /** Notes how far this node has come, durably. */
    public void mark() {
        if (marks == null) {
            return;
        }
        lastMark = index();
        try {
            marks.keep(log.position(), nodes());
        } catch (TidalException e) {
            LOG.warn("it is not noted how far the control log has come: tried again after {} more", MARK_INTERVAL, e);
        }
    }

    /** Returns how far this node's copy of the log has come. */
    public ControlPosition position() {
        return log.position();
    }

    /** Ends this node's part in all decisions: what it remembers can't be right. */
    public void fail(TidalException reason) {
        if (failure.complete(reason)) {
            LOG.error("{}", reason.getMessage());
            mark();
            proposing.execute(log::close);
        }
    }

    private void replaced(ControlSnapshot snapshot) {
        List<CompletableFuture<Void>> reached;
        synchronized (this) {
            state.replaceWith(stateCodec.decode(snapshot.state()));
            release.check("this node", state.upgrades().finalized());
            keepAudit();
            lastSnapshot = snapshot.index();
            reached = reached(snapshot.index());
        }
        tell(List.of(), reached);
    }

    private void tell(List<TenantId> changed, List<CompletableFuture<Void>> reached) {
        Listener told = listener;
        if (told != null) {
            told.changed(changed);
        }
        reached.forEach(each -> each.complete(null));
    }

    /** Stores the state after an entry that was just applied, once enough were since the last time. */
    private void compactIfDue(long at) {
        ClusterState then;
        synchronized (this) {
            // While the log is replayed it does not take snapshots.
            if (!watching || at != index || at - lastSnapshot < SNAPSHOT_INTERVAL) {
                return;
            }
            then = copy();
            lastSnapshot = at;
        }
        try {
            // Of many tenants it takes a while, in which nobody has to wait who only looks.
            byte[] encoded = stateCodec.encode(then);
            if (journal != null) {
                // What it has not on disk yet comes again from the entries that are about to go.
                journal.sync();
            }
            log.compact(new ControlSnapshot(at, encoded));
        } catch (TidalException e) {
            LOG.warn("the control log is not compacted at {}: tried again after {} more", at, SNAPSHOT_INTERVAL, e);
        }
    }

    /** Completes, with the reason, when the control log has failed for good: nothing is decided here any more. */
    public CompletableFuture<TidalException> failure() {
        return failure.copy();
    }

    /** Sets who is told from now on. Called once. */
    public void listen(Listener told) {
        listener = told;
    }

    private ClusterCommand applied(ControlEntry entry) {
        CommandCodec.Proposed proposed = codec.proposed(entry.command());
        ClusterCommand command = proposed.command();
        List<CompletableFuture<Void>> reached;
        synchronized (this) {
            replies.put(entry.index(), state.apply(command, proposed.by(), entry.index()));
            if (command instanceof ClusterCommand.FinalizeUpgrade) {
                // What follows may be of a kind that this node would not understand.
                release.check("this node", state.upgrades().finalized());
            }
            keepAudit();
            if (replies.size() > MAX_REPLIES) {
                replies.remove(replies.firstKey());
            }
            reached = reached(entry.index());
        }
        if (command instanceof ClusterCommand.RenewLease) {
            // Nobody's part in anything has changed.
            reached.forEach(each -> each.complete(null));
        } else {
            tell(command.changed(), reached);
        }
        return command;
    }

    private void keepAudit() {
        if (journal != null) {
            journal.append(state.audit());
        }
    }

    private List<CompletableFuture<Void>> reached(long now) {
        index = now;
        SortedMap<Long, List<CompletableFuture<Void>>> past = awaited.headMap(now + 1);
        List<CompletableFuture<Void>> reached =
                past.values().stream().flatMap(List::stream).toList();
        past.clear();
        return reached;
    }

    /** Returns what a command would come to if it were agreed now, by applying it to a copy of the state. */
    public DryRun dryRun(ClusterCommand command) {
        ClusterState copy = copy();
        CommandImage image = CommandImage.before(copy, command);
        Reply reply = copy.apply(command);
        if (reply instanceof Reply.Refused refused) {
            return new DryRun(new TidalException(refused.code(), refused.message()), null, null);
        }
        AuditChange change = image.compared(copy);
        return new DryRun(null, change.before(), change.after());
    }

    /** Proposes a command in this node's own name; as {@link #submit(ClusterCommand, Provenance)}. */
    public CompletableFuture<Long> submit(ClusterCommand command) {
        return submit(command, command instanceof ClusterCommand.RenewLease ? null : self.get());
    }

    /**
     * Proposes a command.
     *
     * @param by who does; null to leave no trace of it in the audit log
     * @return the reply's value, once it is agreed and applied here and the listener was told; or what it was refused with, or why the log
     *     can't take it
     */
    public CompletableFuture<Long> submit(ClusterCommand command, @Nullable Provenance by) {
        return propose(command, by).thenApply(Reply::orThrow);
    }

    /** Proposes many tenants, as {@link #submit(ClusterCommand, Provenance)}; returns what each came to. */
    public CompletableFuture<List<Reply>> submitAll(List<ClusterCommand.CreateTenant> tenants, Provenance by) {
        return propose(new ClusterCommand.CreateTenants(tenants), by)
                .thenApply(reply -> ((Reply.Several) reply).parts());
    }

    private CompletableFuture<Reply> propose(ClusterCommand command, @Nullable Provenance by) {
        byte[] encoded = codec.encode(command, by);
        return CompletableFuture.supplyAsync(() -> log.propose(encoded), proposing)
                .thenCompose(stage -> stage)
                .thenApply(this::reply);
    }

    private Reply reply(long of) {
        Reply reply;
        synchronized (this) {
            reply = replies.remove(of);
        }
        if (reply == null) {
            throw new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED,
                    "control command " + of + " was agreed, but what came of it is not known here: look at the result");
        }
        return reply;
    }

    /**
     * Returns a part of the audit log: all of it if it is kept in a journal, else of its newest entries.
     *
     * @param from the number of the first entry wanted
     * @param tenant whose entries, or null for all
     * @throws TidalException CORRUPT_DATA if the journal is damaged there
     */
    public AuditPage audit(long from, int limit, @Nullable TenantId tenant) {
        long newest;
        long head;
        List<AuditEntry> kept;
        synchronized (this) {
            newest = state.audit().count();
            head = state.audit().head();
            kept = state.audit().after(from - 1);
        }
        if (journal != null && (kept.isEmpty() || kept.get(0).number() > from)) {
            List<AuditEntry> found = journal.read(from, limit, tenant);
            return new AuditPage(found, journal.next(from, limit, found), newest, head);
        }
        List<AuditEntry> found = kept.stream()
                .filter(entry -> tenant == null || tenant.equals(entry.tenant()))
                .limit(limit)
                .toList();
        return new AuditPage(
                found,
                found.size() == limit ? found.get(limit - 1).number() + 1 : Math.max(from, newest + 1),
                newest,
                head);
    }

    /** Returns the index of the newest command that is applied here; 0 before the first. */
    public synchronized long index() {
        return index;
    }

    /** Completes when so much is applied here, and the listener was told. */
    public synchronized CompletableFuture<Void> reach(long wanted) {
        if (wanted <= index) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<Void> stage = new CompletableFuture<>();
        awaited.computeIfAbsent(wanted, each -> new ArrayList<>(1)).add(stage);
        return stage;
    }

    /** Completes when everything is applied here that was agreed anywhere before the call. */
    public CompletableFuture<Long> catchUp() {
        return CompletableFuture.supplyAsync(log::read, proposing).thenCompose(stage -> stage);
    }

    /** Returns who decides at the moment, as far as this node knows. */
    public Optional<NodeId> leader() {
        return log.leader();
    }

    /** Returns the cluster's name; empty before it is defined. */
    public synchronized String cluster() {
        return state.cluster();
    }

    /** Returns all shards, in order; empty before they are defined. */
    public synchronized List<ShardAssignment> shards() {
        return state.shards();
    }

    /** Returns all nodes that there ever were, in order. */
    public synchronized List<NodeRecord> nodes() {
        return state.nodes().all();
    }

    /** Returns what is agreed on the upgrade of each node that was ever drained, in order. */
    public synchronized List<NodeUpgrade> upgrades() {
        return state.upgrades().all();
    }

    /** Returns the release that the cluster is finalized at. */
    public synchronized Version finalized() {
        return state.upgrades().finalized();
    }

    /** Returns what a node said that it runs; the first release if it has said nothing. */
    public synchronized Version version(NodeId node) {
        return state.upgrades().version(node);
    }

    /** Returns what this node runs. */
    public Release release() {
        return release;
    }

    /** Returns where a node is on its way out of service and back. */
    public synchronized UpgradePhase phase(NodeId node) {
        return state.upgrades().phase(node);
    }

    /** Returns the tenants some of whose replicas come or leave. */
    public synchronized List<TenantRecord> changing() {
        return state.replicaSteps().changing();
    }

    /** Returns the replicas that may lack what was acknowledged before their node was given them, in order. */
    public synchronized SortedSet<ReplicaId> filling() {
        return new TreeSet<>(state.nodes().filling());
    }

    /**
     * Looks at what would come of a command now; nothing changes.
     *
     * @throws TidalException what it would be refused with
     */
    public void preview(ClusterCommand command) {
        preview(List.of(command));
    }

    /** The same for several, one after another: what any of them would be refused with is thrown. */
    public void preview(List<? extends ClusterCommand> commands) {
        ClusterState copy = copy();
        commands.forEach(each -> copy.apply(each).orThrow());
    }

    private synchronized ClusterState copy() {
        ClusterState copy = new ClusterState();
        copy.replaceWith(state);
        return copy;
    }

    /** Returns who votes on what is agreed, as far as this node knows. */
    public List<NodeId> voters() {
        return log.members();
    }

    /** Returns who hears what is agreed without voting, as far as this node knows. */
    public List<NodeId> followers() {
        return log.followers();
    }

    /** Changes who votes and who hears; as {@link ControlLog#changeMembers}. */
    public CompletableFuture<Void> changeMembers(List<NodeId> voters, List<NodeId> followers) {
        return CompletableFuture.supplyAsync(() -> log.changeMembers(voters, followers), proposing)
                .thenCompose(stage -> stage);
    }

    /** Returns the declared signal types, in order of index. */
    public synchronized List<SchemaEntry> schema() {
        return state.schema();
    }

    /** Returns the sequence of a node's lease: it grows with each renewal, and when somebody takes over from the node. */
    public synchronized long lease(NodeId node) {
        return state.lease(node);
    }

    /** Returns for how long a node counts on its last renewal, from when it proposed it. */
    public synchronized long leaseNanos(NodeId node) {
        return state.leaseNanos(node);
    }

    /** Returns all tenants, in order. */
    public synchronized SortedMap<TenantId, TenantRecord> tenants() {
        return state.tenants();
    }

    /** Returns a tenant, or null if there is none with this id. */
    public synchronized @Nullable TenantRecord tenant(TenantId id) {
        return state.tenant(id);
    }

    /** Returns the erasures that are agreed on, oldest first; of those that are complete the newest. */
    public synchronized List<ErasureRecord> erasures() {
        return state.erasures().records();
    }

    /** Returns what a tenant has lost for good, oldest first; of much the newest. */
    public synchronized List<String> losses(TenantId tenant) {
        return state.losses().of(tenant);
    }

    /** Returns whether a token was revoked, by its id. */
    public synchronized boolean isTokenRevoked(String id) {
        return state.revokedTokens().contains(id);
    }

    /** Returns the erasures of entities that are agreed on, oldest first; of those that are complete the newest. */
    public synchronized List<EntityErasureRecord> entityErasures() {
        return state.entityErasures().records();
    }

    /** Returns whether a backup of a tenant is being restored, or was and did not come to its end. Waits for nobody. */
    public boolean isRestoring(TenantId id) {
        return state.restoring().contains(id);
    }

    /** Returns whether a tenant with this id was deleted, even if it was created again. */
    public synchronized boolean hadFormer(TenantId id) {
        return state.hadFormer(id);
    }

    /** Returns all tenants that were deleted and not created again, in order. */
    public synchronized List<TenantId> erased() {
        return state.erased();
    }

    /** Returns all migrations, in order of id; of those that are over, the newest. */
    public synchronized List<MigrationRecord> migrations() {
        return state.migrations().all();
    }

    /** Returns the last drill of each tenant that ever had one. */
    public synchronized SortedMap<TenantId, DrillRecord> drills() {
        return state.drills().all();
    }

    /** Returns a migration, or null if there is none with this id. */
    public synchronized @Nullable MigrationRecord migration(long id) {
        return state.migrations().get(id);
    }

    /** Returns whether a slot that a replica leads is about to move away, so that nobody knows yet who takes its next write. */
    public synchronized boolean isCutOver(TenantId tenant, ReplicaId leader) {
        return state.migrations().all().stream()
                .anyMatch(each -> each.state() == MigrationState.CUTOVER
                        && each.tenant().equals(tenant)
                        && each.from().equals(leader));
    }

    /** Returns the newest incarnation granted to a replica; 0 if none was. */
    public synchronized int incarnation(ReplicaId replica) {
        return state.incarnation(replica);
    }

    @Override
    public void close() {
        log.close();
        if (journal != null) {
            journal.close();
        }
        List<CompletableFuture<Void>> never;
        synchronized (this) {
            never = awaited.values().stream().flatMap(List::stream).toList();
            awaited.clear();
        }
        never.forEach(each -> each.completeExceptionally(
                new TidalException(ErrorCode.CLOSED, "the control plane of this node is closed")));
    }
}
