package io.tidaldb.core;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.core.audit.AuditPage;
import io.tidaldb.core.backup.BackupPoint;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * An open signal store. One process owns a data directory at a time.
 *
 * <p>Safe for any number of threads. After {@link #close} every method but close fails with CLOSED.
 */
public interface Tidal extends AutoCloseable {

    /** Starts to configure an instance. */
    static TidalBuilder builder() {
        return new TidalBuilder();
    }

    /**
     * Declares a type of signal; declaring it again with the same half-life returns the same type.
     *
     * @throws TidalException SIGNAL_CONFLICT if it has another half-life, INVALID_ARGUMENT if name or half-life are out of range or 256
     *     types exist
     */
    SignalType declareSignal(String name, Duration halfLife);

    /** Returns the declared types, in order of index. */
    List<SignalType> signals();

    /**
     * Creates a tenant.
     *
     * @throws TidalException TENANT_EXISTS, RESIDENCY_UNSATISFIABLE, or INVALID_ARGUMENT if another tenant has the label (other than
     *     "default") or a pinned shard does not exist
     */
    Tenant createTenant(TenantConfig config);

    /**
     * Creates many tenants with few decisions. Each is created, or refused by itself.
     *
     * @return what became of each, in the order in which they are given
     */
    List<TenantCreation> createTenants(List<TenantConfig> configs);

    /**
     * Changes a tenant's label, limits and durability, and who may have replicas of it: the regions, and the replicas that are left out. Of
     * such a change this waits up to 50 seconds until those that come hold the tenant and those that leave hold nothing of it any more.
     * Slots, pinned shards, who takes writes and encryption stay as they are.
     *
     * @throws TidalException TENANT_NOT_FOUND; INVALID_ARGUMENT if it would change something else, or replicas while a slot is moved;
     *     RESIDENCY_UNSATISFIABLE or UNSUPPORTED if replicas can't be changed so; OVERLOADED if the change before is still under way;
     *     DEADLINE_EXCEEDED if this one is agreed and still under way: it goes on
     */
    Tenant updateTenant(TenantConfig config);

    /**
     * Deletes a tenant and its data for good. When this returns, nobody serves any of it; {@link #erasures} says which nodes have nothing of it
     * in any file any more, which this waits 2 seconds for where nodes are in this process.
     *
     * @throws TidalException TENANT_NOT_FOUND
     */
    void deleteTenant(TenantId id);

    /**
     * Returns what has become of tenants that were deleted, oldest first: of all that are still in a file of some node, and of the newest others.
     */
    List<ErasureCertificate> erasures();

    /**
     * Returns how a tenant's keys are, as this node sees it.
     *
     * @throws TidalException TENANT_NOT_FOUND
     */
    TenantKeyState keys(TenantId id);

    /**
     * Gives an encrypted tenant another data key, with which everything is sealed from now on, and wraps those before it anew, with the newest
     * master key; nothing that is stored is written again.
     *
     * @throws TidalException TENANT_NOT_FOUND; INVALID_ARGUMENT if the tenant is not encrypted; KEY_UNAVAILABLE; TENANT_SUSPENDED
     */
    TenantKeyState rotateKeys(TenantId id);

    /**
     * Forbids the use of an encrypted tenant's keys, or allows it again. Until then nothing of the tenant is read or written, on any node that
     * has heard of it, which those that answer have when this returns; nothing is lost.
     *
     * @throws TidalException TENANT_NOT_FOUND; INVALID_ARGUMENT if the tenant is not encrypted
     */
    TenantKeyState suspendKeys(TenantId id, boolean suspended);

    /**
     * Revokes a token for the interface of every node: what is agreed, each node follows. To be let in, whoever has it needs another one.
     *
     * @param id 12 hexadecimal digits, whether a node knows the token or not
     * @throws TidalException INVALID_ARGUMENT if it is no id; UNSUPPORTED if 50,000 are revoked already
     */
    void revokeToken(String id);

    /** Returns whether a token was revoked, as far as this node knows what was agreed. Safe for any thread; does not wait. */
    boolean isTokenRevoked(String id);

    /**
     * Erases an entity of a tenant: its signals, its name, hard negatives of it or by it, and sessions in which it takes part, whole. It is gone
     * from reads where the tenant is led before this returns, unless nobody leads, and where it is followed as soon as that is replicated. The
     * logs are truncated up to there on each replica, of all entities. What is written of the entity afterwards counts. Waits 2 seconds for the
     * certificate to be complete; {@link #entityErasures} says when it is.
     *
     * @throws TidalException TENANT_NOT_FOUND; UNSUPPORTED of a tenant that is written everywhere; OVERLOADED if too many are under way
     */
    EntityErasure eraseEntity(TenantId tenant, EntityId entity);

    /** Returns what has become of erasures of entities, oldest first: of all that are not complete, and of the newest others. */
    List<EntityErasure> entityErasures();

    /**
     * Says where a tenant's data is, and why: each rule with what it was decided from, what was agreed and what was found.
     *
     * @throws TidalException TENANT_NOT_FOUND
     */
    PlacementExplanation explain(TenantId id);

    /** Returns what {@link #createTenant} would come to now; changes nothing. */
    TenantPlan planCreation(TenantConfig config);

    /** Returns what {@link #updateTenant} would come to now; changes nothing. */
    TenantPlan planUpdate(TenantConfig config);

    /** Returns what {@link #deleteTenant} would come to now; changes nothing. */
    TenantPlan planDeletion(TenantId id);

    /** Returns a tenant; empty if there is none. Does not wait. */
    Optional<Tenant> tenant(TenantId id);

    /** Returns the tenant with this label, unless several have it. */
    Optional<Tenant> tenantLabelled(String label);

    /** Returns all tenants, in order of id. */
    List<Tenant> tenants();

    /** Returns this instance for somebody: what is changed through it is in the audit log as his. Closing either closes both. */
    Tidal as(Actor actor);

    /**
     * Returns a part of the audit log: every change of what the cluster has agreed on, and every one that it refused. An instance without a
     * data directory has the newest 1,024 entries only; a node lacks what was agreed while it was away for long.
     *
     * @param from the number of the first entry wanted, from 1
     * @param limit how many at most, 1 to 1,000
     * @param tenant whose entries, or null for all; then there may be fewer than {@code limit} though others follow
     * @throws TidalException INVALID_ARGUMENT if a number is out of range, CORRUPT_DATA if entries are damaged
     */
    AuditPage audit(long from, int limit, @Nullable TenantId tenant);

    /**
     * Writes a part of a backup of a tenant: what its logs hold beyond a point, read in the tenant's own turns while writes go on. Where the logs
     * do not reach back to the point any more, the part begins anew, with checkpoints of what is before: {@link BackupReport#after} says so.
     *
     * @param after where the part before ended; {@link BackupPoint#NOTHING} for a first part
     * @param out gets all of it; is not closed, and has no whole part if this fails
     * @throws TidalException TENANT_NOT_FOUND; NOT_OWNER if this process has no replica of one of the tenant's shards; POSITION_UNKNOWN if
     *     the tenant's logs do not continue the point; NOT_CAUGHT_UP if they begin after it and the tenant is written everywhere, or if
     *     there is no checkpoint yet
     */
    BackupReport backup(TenantId tenant, BackupPoint after, OutputStream out) throws IOException;

    /**
     * Makes a tenant of a backup, with its logs up to a position or a time; its state has the same bits as the one that was backed up had
     * there. It writes in incarnations of its own. Nobody sees it before it is whole; if this fails, it is deleted again.
     *
     * <p>When this returns, everything is durable on a majority of the replicas of each slot, whatever the tenant's durability, and on all if that
     * is {@link Durability#ALL}. It waits for them however long some are away; whoever asks for the tenant meanwhile is told which (NOT_CAUGHT_UP), and deleting the tenant ends the wait.
     *
     * @throws TidalException TENANT_EXISTS, RESIDENCY_UNSATISFIABLE; CORRUPT_DATA if the backup is damaged or not whole, and nothing was
     *     done; POSITION_UNKNOWN if it does not reach the position; SIGNAL_CONFLICT if types of signal are declared otherwise here;
     *     NOT_OWNER if this process has no replica of a shard that the tenant is to have, or another one has come to lead it meanwhile;
     *     TENANT_NOT_FOUND if somebody has deleted it meanwhile
     */
    Tenant restore(BackupSource backup, RestoreOptions options) throws IOException;

    /** Returns the state of nodes, shards and tenants. Asks the other nodes, and waits a second for those that do not answer. */
    ClusterHealth health();

    /** Returns which nodes there are, and what changes them. */
    Membership membership();

    /** Returns how nodes are taken out of service and brought back. */
    Upgrades upgrades();

    /**
     * Returns what replicas of tenants lack of each other, and what would be taken back.
     *
     * @param tenant whose, or null for all tenants
     * @throws TidalException TENANT_NOT_FOUND
     */
    Reconciliation reconciliation(@Nullable TenantId tenant);

    /**
     * As {@link #reconciliation}, and has the replicas compare themselves once more, which makes them ship what the plan says. They do so by
     * themselves whenever they meet; so this changes nothing that would not come, can be repeated, and does not wait: an empty plan tells
     * that it is done.
     */
    Reconciliation reconcile(@Nullable TenantId tenant);

    /**
     * Cuts the links of this process to the other nodes of some regions, and lets none be made for a while. For drills and tests.
     *
     * @param span up to 10 minutes; nothing ends cuts that are there
     * @return the nodes whose links are cut, or cut no more
     * @throws TidalException UNSUPPORTED if all nodes are in this process; INVALID_ARGUMENT if the span is out of range or there is no
     *     other node in these regions
     */
    List<NodeId> cutLinks(Collection<RegionId> regions, Duration span);

    /** Returns what moves tenants' slots to other shards. */
    Migrations migrations();

    /**
     * Writes a checkpoint of every log that has grown, so that a restart need not replay what was there when this was called. Writes go on
     * meanwhile.
     */
    void checkpoint();

    /**
     * Makes another replica of one of a tenant's shards the one that takes its writes. Nothing that was acknowledged is lost: what the
     * former one has and the new one has not counts again as soon as it has reached the new one, each write once.
     *
     * <p>In a cluster of processes the one that leads hands over in order, so that the new one has everything, and writers do not notice;
     * if it is gone, whoever takes over from it does. The new one is preferred from then on: after a failure it gets back what others
     * lead in its stead.
     *
     * @throws TidalException TENANT_NOT_FOUND, INVALID_ARGUMENT if it is no replica of the tenant's, NOT_CAUGHT_UP if it lacks what others
     *     no longer have in their logs or does not catch up within 10 seconds, PEER_UNAVAILABLE if its node is not running or so few others
     *     are that this can't be told: half of the replicas, rounded up, are enough; NOT_OWNER if nobody leads it for 10 seconds
     */
    void promote(TenantId tenant, ReplicaId leader);

    /**
     * Practises the loss of a region for a tenant, on live data: has replicas in other regions take the writes of the slots that the region
     * leads, measures how long that takes, and has those of the region take them again. Writers wait or try again meanwhile, as in any
     * hand-over; nothing is lost. A tenant that is written everywhere goes on in the other regions; then nothing is handed over, and that they
     * are there is all that is found out. What it came to is in the audit log and in {@link #health}, with its begin.
     *
     * <p>Which replicas are preferred does not change. So if whoever runs it stops, or a node does, what was handed over goes back by itself; a
     * drill after that begins by bringing it back.
     *
     * <p>Of a real loss it does not show how long others wait for a node that is gone, which is its lease; {@link RegionDrill#lease} says how long
     * that is.
     *
     * @param region whose nodes lead nothing of the tenant for a moment
     * @throws TidalException TENANT_NOT_FOUND; INVALID_ARGUMENT if the region has no node; UNSUPPORTED if all nodes are in this process; UNSAFE
     *     if the tenant could not be written without the region, a node does not answer or is being upgraded, the tenant's replicas are being
     *     moved, it has another drill, or a replica of the region leads in place of another one; else as {@link #promote}, and then all is as it
     *     was before, or will be when it can
     */
    RegionDrill drill(TenantId tenant, RegionId region);

    /** Returns what was found by reading again what this process holds, since it was opened. */
    ScrubFigures scrub();

    /**
     * Stops a node of this process as a crash would; its shards' replicas on other nodes go on. For drills and tests.
     *
     * @throws TidalException INVALID_ARGUMENT if there is no such node, PEER_UNAVAILABLE if it is not running
     */
    void crashNode(NodeId node);

    /**
     * Stops a node of this process in order, such as one that was drained: everything that it was given is on disk.
     *
     * @throws TidalException INVALID_ARGUMENT if there is no such node, PEER_UNAVAILABLE if it is not running, UNSUPPORTED if nodes are
     *     processes of their own
     */
    void stopNode(NodeId node);

    /**
     * Starts a node that was stopped or has crashed: it recovers what it holds, and catches up with the others.
     *
     * @throws TidalException INVALID_ARGUMENT if there is no such node or it is running, or as {@link TidalBuilder#open}
     */
    void startNode(NodeId node);

    /**
     * Completes, with the reason, when nothing can be decided here any more before this is opened again: its control log has failed for
     * good. What was acknowledged is on disk; a process should end then, so that it is started anew and others lead meanwhile.
     */
    CompletionStage<TidalException> failure();

    /**
     * Lets go of everything as a crash would: no file is completed, no checkpoint written, the directory is not marked as closed. What was
     * acknowledged as durable is there at the next open. For drills and tests.
     */
    void abandon();

    /**
     * Hands what this node leads to other nodes, if they are other processes, so that their writes go on at once when this one ends. Goes on
     * to serve, and leads nothing new if that can be helped. Returns when all is handed over, after 10 seconds at most, or when nobody is
     * there to take it. {@link #close} does this first. Does nothing where all nodes are in this process.
     */
    void handOver();

    /**
     * Finishes what is under way, makes it durable and releases the data directory. A member of a cluster first hands over what it leads.
     * A second close does nothing.
     */
    @Override
    void close();
}
