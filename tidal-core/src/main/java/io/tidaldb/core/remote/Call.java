package io.tidaldb.core.remote;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node asks another one that has what a client wants. Numbers are as in the embedded interface: ids are unsigned, times are
 * nanoseconds since 1970, signal types are indexes into the agreed schema.
 *
 * <p>{@link #index} is how much of the control log the caller has applied: the node asked answers when it has applied as much, so that a
 * route that is out of date on one side costs a wait or another hop, never a wrong answer.
 */
public sealed interface Call {

    /** Returns how many decisions the caller knows of. */
    long index();

    /** Returns the tenant that it is about. */
    long tenant();

    /**
     * Records signals; the encoded records are attached.
     *
     * @param life tells the tenant from an erased one that had its id
     * @param admitted whether the tenant's rate was taken already by the node that leads its first slot
     * @param durability the level's name, or null for the tenant's own
     * @param key high and low half of the idempotency key, or null
     * @param waitNanos how long other nodes are waited for
     * @param named entities with names, in step with {@code names}
     */
    record Write(
            long index,
            long tenant,
            long life,
            boolean admitted,
            @Nullable String durability,
            long @Nullable [] key,
            long waitNanos,
            long[] named,
            List<String> names)
            implements Call {}

    /**
     * Records what was written apart, and is answered apart; the encoded records are attached, in order.
     *
     * @param life as in {@link Write}
     * @param durability the level's name, or null for the tenant's own
     * @param waitNanos how long other nodes are waited for
     * @param writes 1 to {@link #MOST}
     */
    record Writes(
            long index, long tenant, long life, @Nullable String durability, long waitNanos, List<Part> writes)
            implements Call {

        /** Most writes in one call. */
        public static final int MOST = 1_024;

        /** @throws IllegalArgumentException if there are none or too many */
        public Writes {
            if (writes.isEmpty() || writes.size() > MOST) {
                throw new IllegalArgumentException("a call has " + writes.size() + " writes: expected 1 to " + MOST);
            }
        }
    }

    /**
     * A write among others.
     *
     * @param key high and low half of the idempotency key
     * @param signals how many of the records are its own
     * @param named as in {@link Write}
     */
    record Part(long[] key, int signals, long[] named, List<String> names) {

        /** @throws IllegalArgumentException if the key has not two halves, there are no signals, or names are not in step */
        public Part {
            if (key.length != 2 || signals < 1 || named.length != names.size()) {
                throw new IllegalArgumentException("a write has " + key.length + " halves of a key, " + signals
                        + " signals, " + named.length + " named entities and " + names.size()
                        + " names: expected 2, 1 or more, and as many of either");
            }
        }
    }

    /**
     * Reads many entities.
     *
     * @param region whose replicas are to answer
     * @param type index of the signal type
     * @param minPosition what the answer must have seen at least, printed; or null
     * @param shard the one that all of them are on as far as the one who asks knows; null if he does not say
     */
    record Read(
            long index,
            long tenant,
            int region,
            int type,
            long atNanos,
            long[] entities,
            @Nullable String minPosition,
            @Nullable Integer shard)
            implements Call {}

    /**
     * Ranks the entities of some shards.
     *
     * @param user whom it is asked for, or null
     */
    record Top(
            long index,
            long tenant,
            int region,
            List<Integer> shards,
            int type,
            long atNanos,
            int k,
            @Nullable String minPosition,
            @Nullable Long user)
            implements Call {}

    /**
     * Counts events and entities of a type.
     *
     * @param replicas over which; null for those that the node asked leads
     */
    record Totals(
            long index, long tenant, int type, @Nullable List<String> replicas) implements Call {}

    /**
     * Asks what slots use.
     *
     * @param replicas whose; null for those that the node asked leads
     */
    record Usage(long index, long tenant, @Nullable List<String> replicas) implements Call {}

    /**
     * Asks what was written in each hour.
     *
     * @param replicas to which; null for those that the node asked leads
     */
    record Hours(long index, long tenant, @Nullable List<String> replicas) implements Call {}

    /**
     * Has usage counted again.
     *
     * @param replicas of which; null for those that the node asked leads
     */
    record Recount(long index, long tenant, @Nullable List<String> replicas) implements Call {}

    /**
     * Reads a part of a slot's logs.
     *
     * @param origin where to go on: region, shard and incarnation; null to begin
     * @param acts whether what users did is asked for, not signals; null from nodes that don't know of it
     */
    record Export(
            long index,
            long tenant,
            int shard,
            int @Nullable [] origin,
            long seqno,
            @Nullable Boolean acts) implements Call {}

    /** Compares the followers of the slots that the node asked leads. */
    record Compare(long index, long tenant, boolean repair) implements Call {}

    /** Writes the tenant's label into its first slot. */
    record Label(long index, long tenant, String label) implements Call {}

    /** Waits until what was agreed on a tenant is done on the node asked. */
    record Settle(long index, long tenant) implements Call {}

    /**
     * Has what the node asked holds of a replica read through, which others leave; refused until that is done.
     *
     * @param replica as {@link io.tidaldb.api.ReplicaId#parse}
     */
    record ReadThrough(long index, long tenant, String replica) implements Call {}

    /** Asks how the node is; about no tenant. */
    record Figures(long index, long tenant) implements Call {}

    /**
     * Asks what is held here of slots that a node leads, and that its logs are kept as they are until there is another leader; about no
     * tenant.
     *
     * @param node its name
     */
    record Positions(long index, long tenant, String node) implements Call {}

    /**
     * Writes a record about a user; its body is attached.
     *
     * @param life tells the tenant from an erased one that had its id
     * @param admitted whether the tenant's rate was taken already by the node that leads its first slot
     * @param kind name of the kind of record
     * @param durability the level's name, or null for the tenant's own
     * @param key high and low half of the idempotency key, or null
     */
    record RecordUser(
            long index,
            long tenant,
            long life,
            boolean admitted,
            String kind,
            @Nullable String durability,
            long @Nullable [] key,
            long waitNanos)
            implements Call {}

    /**
     * Asks what a user does not want to see.
     *
     * @param replica whose answer is wanted, printed
     * @param items which ones are asked for, or null for all
     */
    record Hidden(
            long index,
            long tenant,
            String replica,
            long user,
            long @Nullable [] items,
            @Nullable String minPosition) implements Call {}

    /**
     * Reads a session.
     *
     * @param replica whose answer is wanted, printed
     */
    record Session(
            long index,
            long tenant,
            String replica,
            long session,
            @Nullable String minPosition) implements Call {}

    /**
     * Waits until a replica has folded a position.
     *
     * @param replica which one, printed
     */
    record Reach(long index, long tenant, String replica, String position, long waitNanos) implements Call {}

    /**
     * Has the node asked, which leads a slot, hand it to another replica.
     *
     * @param replica the one that is to lead, printed
     * @param preferring whether it is preferred from then on; null from nodes that know of nothing else: then it is
     */
    record HandOver(
            long index,
            long tenant,
            String replica,
            @Nullable Boolean preferring) implements Call {}

    /**
     * Asks whether the node that asks may take part, with this directory and at this address. About no tenant; asked before anything is
     * agreed with it.
     *
     * @param cluster what tells the cluster that it takes part in from any other one; null or empty if it does not know of one
     */
    record Enter(
            long index,
            long tenant,
            int region,
            String identity,
            String address,
            @Nullable String cluster) implements Call {}

    /**
     * Has the node asked, which leads a slot, compare another node's replica with its own; refused with NOT_CAUGHT_UP unless they are the
     * same.
     *
     * @param node the other one's name
     */
    record Verify(long index, long tenant, int shard, String node) implements Call {}

    /** Asks where a tenant is, and what signals can be written to it. What a client needs to know. */
    record Route(long index, long tenant) implements Call {}

    // Migrations

    /** What is asked of a replica on a shard to which a slot is moved, or was moved from. */
    enum MoveStep {
        /** How far its logs are. */
        HELD,
        /** To take the batches that are attached. */
        APPEND,
        /** To take the batches that are attached, and to fold nothing before a snapshot comes that has, or another step that needs it. */
        KEEP,
        /** How many others of its shard hold all that it holds. */
        SPREAD,
        /** How many others of its shard hold nearly all that it holds, and can be sent the rest. */
        NEAR,
        /** A digest of its state. */
        DIGEST,
        /** A digest of its state, and a hash of every cell. */
        CONTENT,
        /** To take the part of a snapshot that is attached. */
        SNAPSHOT,
        /** To give up what it has of a snapshot. */
        DISCARD,
        /** Batches of a log from a seqno on. */
        TAIL
    }

    /**
     * Asks something of a replica of the other side of a migration.
     *
     * @param replica printed
     * @param origin of a tail: region, shard and incarnation; else null
     * @param number of a part of a snapshot, from 0; of a tail, the seqno where it begins
     * @param last whether a part of a snapshot is the last one
     */
    record Move(
            long index, long tenant, String replica, MoveStep step, int @Nullable [] origin, long number, boolean last)
            implements Call {}

    // Reconciliation

    /**
     * Asks what the node asked holds of a tenant.
     *
     * @param again whether it is to compare itself with other replicas once more
     */
    record Holdings(long index, long tenant, boolean again) implements Call {}

    /** Asks how far the migrations are that the node asked sees to; about no tenant. */
    record Moves(long index, long tenant) implements Call {}
}
