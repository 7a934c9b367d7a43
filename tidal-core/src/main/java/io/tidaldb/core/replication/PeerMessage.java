package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.ledger.StateDigest;
import java.util.List;

/**
 * What nodes say to each other. {@link PeerCodec} owns the bytes.
 *
 * <p>Every message has the full epoch that its sender knows for the slot's group, and 0 where it is not about a group. Whoever knows a
 * higher one refuses it. Constructors fail with {@link ErrorCode#INVALID_ARGUMENT} where fields contradict each other.
 *
 * <p>Immutable, as long as nobody writes to the arrays.
 */
public sealed interface PeerMessage {

    /** Returns the epoch of the group that this is about, or 0. */
    long epoch();

    /** Returns the number of this kind of message, 1 to 255, fixed for ever. */
    int kind();

    /** A message about one slot of a tenant: the slot's shard here and there is the same. */
    sealed interface OfSlot extends PeerMessage {

        /** Returns the tenant. */
        TenantId tenant();

        /** Returns the shard. */
        ShardId shard();
    }

    /**
     * Who is speaking, sent first on every link by both sides; a node of another cluster, or one whose protocols do not overlap, is
     * refused.
     *
     * @param cluster the cluster's name, up to {@link PeerCodec#MAX_TEXT_BYTES} in UTF-8
     * @param minProtocol the oldest protocol that the sender reads
     * @param maxProtocol the newest one
     */
    record Hello(long epoch, String cluster, NodeId node, RegionId region, int minProtocol, int maxProtocol)
            implements PeerMessage {

        static final int KIND = 1;

        /** Checks the window. */
        public Hello {
            requireRange("oldest protocol", minProtocol, 1, 0xFFFF);
            requireRange("newest protocol", maxProtocol, minProtocol, 0xFFFF);
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * What the sender holds of a slot.
     *
     * @param answer whether this answers the other side's; one that does not asks for one that does
     */
    record State(long epoch, TenantId tenant, ShardId shard, boolean answer, List<LogPosition> positions)
            implements OfSlot {

        static final int KIND = 2;

        /** Copies the list. */
        public State {
            positions = List.copyOf(positions);
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * Batches as they are stored, one or more, in order. The receiver persists them if they continue what it has.
     *
     * @param batches of this tenant
     */
    record Append(long epoch, TenantId tenant, ShardId shard, List<WalBatch> batches) implements OfSlot {

        static final int KIND = 3;

        /** Copies the list, not the batches. */
        public Append {
            batches = List.copyOf(batches);
            if (batches.isEmpty()) {
                throw TidalException.invalid("no batch for " + tenant + "/" + shard + ": expected one or more");
            }
            for (WalBatch batch : batches) {
                if (!batch.tenant().equals(tenant)) {
                    throw TidalException.invalid("batch of " + batch.tenant() + " among those of " + tenant);
                }
            }
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * The sender holds an origin's log up to this seqno: durable and folded. Cumulative.
     *
     * @param chain the log's chain hash after {@code seqno}, for the receiver to compare
     */
    record Ack(long epoch, TenantId tenant, ShardId shard, Origin origin, long seqno, long chain) implements OfSlot {

        static final int KIND = 4;

        /** Checks the seqno. */
        public Ack {
            LogPosition.requireOf(origin, seqno);
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * The sender lives, and is this far in the logs that it writes.
     *
     * @param number counts the heartbeats of one link
     * @param answered the newest of its heartbeats to which the receiver's answer had come; 0 if none
     * @param leased whether nobody else could lead what the sender leads, when it was sent
     * @param wallMillis what the sender's wall clock said, in Unix time
     */
    record Heartbeat(long epoch, long number, long answered, boolean leased, long wallMillis, List<SlotPosition> slots)
            implements PeerMessage {

        static final int KIND = 6;

        /** Copies the list. */
        public Heartbeat {
            slots = List.copyOf(slots);
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    /** Answers the heartbeat of this number, at once. */
    record HeartbeatAnswer(long epoch, long number) implements PeerMessage {

        static final int KIND = 7;

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * A part of a slot's snapshot.
     *
     * @param snapshot tells the sender's snapshots from each other; never 0
     * @param index 0 for the first part; they are sent in order
     * @param last whether this part ends the snapshot
     */
    record SnapshotChunk(
            long epoch, TenantId tenant, ShardId shard, long snapshot, int index, boolean last, byte[] content)
            implements OfSlot {

        static final int KIND = 8;

        /** Checks the index. */
        public SnapshotChunk {
            requireRange("index of a snapshot's part", index, 0, Integer.MAX_VALUE);
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * The digest of the sender's state of a slot at a mark.
     *
     * @param mark names the position at which both sides take theirs
     */
    record DigestReport(long epoch, TenantId tenant, ShardId shard, long mark, StateDigest digest) implements OfSlot {

        static final int KIND = 9;

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * Cells of one bucket of the sender's state at a mark, sent where digests differ.
     *
     * @param bucket 0 to 255
     * @param last whether these are the bucket's last cells
     */
    record BucketCells(long epoch, TenantId tenant, ShardId shard, long mark, int bucket, boolean last, byte[] cells)
            implements OfSlot {

        static final int KIND = 10;

        /** Checks the bucket. */
        public BucketCells {
            requireRange("bucket", bucket, 0, StateDigest.BUCKETS - 1);
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * The sender refuses a message. Never answered with another failure.
     *
     * @param ofKind the refused message's kind, or 0 if even that could not be read
     * @param text what a person should know, cut to {@link #MAX_TEXT_CHARS}
     */
    record Failure(long epoch, int ofKind, ErrorCode code, String text) implements PeerMessage {

        /** Most characters of a failure's text; in UTF-8 they fit {@link PeerCodec#MAX_TEXT_BYTES}. */
        public static final int MAX_TEXT_CHARS = PeerCodec.MAX_TEXT_BYTES / 3;

        static final int KIND = 11;

        /** Checks the kind and cuts the text. */
        public Failure {
            requireRange("kind of a message", ofKind, 0, 0xFF);
            if (text.length() > MAX_TEXT_CHARS) {
                // Half a surrogate pair would not come out as it went in.
                boolean splitsPair = Character.isHighSurrogate(text.charAt(MAX_TEXT_CHARS - 1));
                text = text.substring(0, splitsPair ? MAX_TEXT_CHARS - 1 : MAX_TEXT_CHARS);
            }
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    /**
     * Asks for parts of a slot's snapshot: for those from an index on, because those before it are here for good. It follows each part that
     * was written, and the last one only once the snapshot is installed, so that it gives the sender leave to go on.
     *
     * @param snapshot whose parts, or 0 to ask for a snapshot
     */
    record SnapshotFetch(long epoch, TenantId tenant, ShardId shard, long snapshot, int index) implements OfSlot {

        static final int KIND = 5;

        /** Checks the index. */
        public SnapshotFetch {
            requireRange("index of a snapshot's part", index, 0, Integer.MAX_VALUE);
        }

        @Override
        public int kind() {
            return KIND;
        }
    }

    private static void requireRange(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw TidalException.invalid(what + " " + value + " is out of range: expected " + min + " to " + max);
        }
    }
}
