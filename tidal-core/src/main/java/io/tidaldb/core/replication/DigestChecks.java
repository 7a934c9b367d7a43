package io.tidaldb.core.replication;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.codec.ControlRecord.DigestMark;
import io.tidaldb.core.ingest.BucketImage;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.ledger.StateDigest;
import io.tidaldb.core.runtime.LoopScheduler;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what replicas have folded, at a mark in the leader's log, while writes go on; and repairs a follower's bucket.
 *
 * <p>At a mark every replica takes the digest of its slot, and followers send theirs to the leader. The digest's key is mixed with how far
 * each origin was folded then, so that only digests of the same position are compared. To repair a bucket the leader logs another mark,
 * at which the follower stops to fold (it goes on to take and acknowledge batches) until it has the leader's cells as of that mark.
 *
 * <p>Confined to the replicator's scheduler, but for {@link #marked}.
 */
final class DigestChecks {

    private static final Logger LOG = LoggerFactory.getLogger(DigestChecks.class);

    /** How long replicas that do not answer are waited for. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private static final int MAX_REPAIRS = 512;
    private static final int CHUNK_BYTES = 256 << 10;

    private final Node node;
    private final LoopScheduler scheduler;
    private final Wire wire;
    private final Map<Long, Check> checks = new HashMap<>();

    /** By mark. Bounded: of each slot only the newest few are kept that nobody waits for yet. */
    private final Map<Long, Repair> repairs = new LinkedHashMap<>();

    /** What the replicator does for it. */
    interface Wire {

        /** Returns what is known of a slot, or null. */
        @Nullable
        ReplicatedSlot slot(TenantShard shard);

        /** Returns whether there is a link to a peer. */
        boolean isUp(NodeId peer);

        /** Sends a message; false if it can't be sent now. */
        boolean tell(NodeId peer, PeerMessage message);
    }

    /** A comparison that the leader waits for. */
    private static final class Check {

        final ReplicatedSlot slot;
        final CompletableFuture<SortedMap<NodeId, ReplicaCheck>> result = new CompletableFuture<>();
        final Map<NodeId, StateDigest> theirs = new HashMap<>();

        /** Who can be expected to answer. */
        final List<NodeId> expected;

        @Nullable
        StateDigest own;

        Check(ReplicatedSlot slot, List<NodeId> expected) {
            this.slot = slot;
            this.expected = expected;
        }
    }

    /** A bucket that comes from the leader: to be put in as soon as all of it is there and the mark is folded. */
    private static final class Repair {

        final TenantShard shard;
        final Map<Origin, List<byte[]>> origins = new TreeMap<>();
        final List<byte[]> base = new ArrayList<>();

        int chunks;

        /** Whether the mark is folded, and nothing is folded after it. */
        boolean held;

        /** The bucket, once all of it is there. */
        @Nullable
        Integer bucket;

        Repair(TenantShard shard) {
            this.shard = shard;
        }
    }

    DigestChecks(Node node, LoopScheduler scheduler, Wire wire) {
        this.node = node;
        this.scheduler = scheduler;
        this.wire = wire;
    }

    /** Compares all followers of a slot that this node leads; who does not answer in time is unknown. */
    CompletableFuture<SortedMap<NodeId, ReplicaCheck>> compare(ReplicatedSlot slot, long mark) {
        Check check = new Check(slot, slot.peers.stream().filter(wire::isUp).toList());
        checks.put(mark, check);
        log(slot, new DigestMark(mark, DigestMark.NO_BUCKET, null));
        scheduler.schedule(PATIENCE, () -> finish(mark));
        return check.result;
    }

    /** Gives a follower this node's cells of a bucket as of a mark that is logged now. */
    void repair(ReplicatedSlot slot, NodeId follower, int bucket, long mark) {
        log(slot, new DigestMark(mark, bucket, follower));
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Who waits for answers then gets none.
    private void log(ReplicatedSlot slot, DigestMark mark) {
        node.mark(slot.shard, mark);
    }

    /** A mark is being folded. Called by the loop; returns whether nothing may be folded until a bucket was repaired. */
    boolean marked(TenantShard shard, DigestMark mark) {
        NodeId repaired = mark.repaired();
        if (repaired == null) {
            StateDigest digest = shard.digestHere();
            scheduler.execute(() -> report(shard, mark.mark(), digest));
            return false;
        }
        if (repaired.equals(node.id())) {
            scheduler.execute(() -> await(shard, mark.mark()));
            return true;
        }
        if (shard.leads()) {
            BucketImage image = shard.bucketHere(mark.repairBucket(), CHUNK_BYTES);
            scheduler.execute(() -> send(shard, mark, repaired, image));
        }
        return false;
    }

    private void report(TenantShard shard, long mark, StateDigest digest) {
        ReplicatedSlot slot = wire.slot(shard);
        Check check = checks.get(mark);
        if (check != null) {
            check.own = digest;
            finishIfComplete(mark, check);
        } else if (slot != null && !slot.leads) {
            wire.tell(
                    slot.leader,
                    new PeerMessage.DigestReport(slot.epoch, slot.key.tenant(), slot.key.shard(), mark, digest));
        }
    }

    void reported(NodeId peer, PeerMessage.DigestReport report) {
        Check check = checks.get(report.mark());
        if (check != null) {
            check.theirs.put(peer, report.digest());
            finishIfComplete(report.mark(), check);
        }
    }

    private void finishIfComplete(long mark, Check check) {
        if (check.own != null && check.theirs.keySet().containsAll(check.expected)) {
            finish(mark);
        }
    }

    private void finish(long mark) {
        Check check = checks.remove(mark);
        if (check == null) {
            return;
        }
        SortedMap<NodeId, ReplicaCheck> result = new TreeMap<>();
        for (NodeId follower : check.slot.peers) {
            StateDigest own = check.own;
            StateDigest theirs = check.theirs.get(follower);
            if (own == null || theirs == null || theirs.seed() != own.seed()) {
                result.put(follower, ReplicaCheck.UNKNOWN);
            } else {
                result.put(
                        follower,
                        new ReplicaCheck(
                                true,
                                own.differingBuckets(theirs).stream().boxed().toList()));
            }
        }
        check.result.complete(result);
    }

    // A message that is lost makes the follower give up in time.
    private void send(TenantShard shard, DigestMark mark, NodeId follower, BucketImage image) {
        ReplicatedSlot slot = wire.slot(shard);
        if (slot == null || !slot.peers.contains(follower)) {
            return;
        }
        List<byte[]> chunks = new ArrayList<>();
        image.base().forEach(chunk -> chunks.add(encode(null, chunk)));
        image.origins().forEach((origin, cells) -> cells.forEach(chunk -> chunks.add(encode(origin, chunk))));
        chunks.forEach(chunk -> tell(slot, follower, mark, false, chunk));
        byte[] count = ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(chunks.size())
                .array();
        tell(slot, follower, mark, true, count);
    }

    private void tell(ReplicatedSlot slot, NodeId follower, DigestMark mark, boolean last, byte[] cells) {
        wire.tell(
                follower,
                new PeerMessage.BucketCells(
                        slot.epoch,
                        slot.key.tenant(),
                        slot.key.shard(),
                        mark.mark(),
                        mark.repairBucket(),
                        last,
                        cells));
    }

    private void await(TenantShard shard, long mark) {
        Repair repair = repairs.computeIfAbsent(mark, each -> new Repair(shard));
        repair.held = true;
        scheduler.schedule(PATIENCE, () -> {
            if (repairs.remove(mark, repair)) {
                LOG.warn("a slot of node {} was not repaired: its leader did not answer", node.id());
                resume(shard, 0, null);
            }
        });
        putIn(mark, repair);
    }

    /** The leader's cells may come before this node has folded the mark. */
    void cells(ReplicatedSlot slot, PeerMessage.BucketCells message) {
        Repair repair = repairs.computeIfAbsent(message.mark(), each -> new Repair(slot.shard));
        if (message.last()) {
            repair.bucket = isWhole(repair, message.cells()) ? message.bucket() : null;
            putIn(message.mark(), repair);
        } else {
            decode(message.cells(), repair);
            repair.chunks++;
        }
        // Marks that never come: nobody waits for them.
        Iterator<Repair> oldest = repairs.values().iterator();
        while (repairs.size() > MAX_REPAIRS && oldest.hasNext()) {
            if (!oldest.next().held) {
                oldest.remove();
            }
        }
    }

    // The last message says how many there were before it.
    private static boolean isWhole(Repair repair, byte[] count) {
        return count.length == Integer.BYTES
                && ByteBuffer.wrap(count).order(ByteOrder.LITTLE_ENDIAN).getInt() == repair.chunks;
    }

    private void putIn(long mark, Repair repair) {
        Integer bucket = repair.bucket;
        if (repair.held && bucket != null) {
            repairs.remove(mark);
            LOG.warn("bucket {} of a slot of node {} is repaired", bucket, node.id());
            resume(repair.shard, bucket, new BucketImage(repair.base, repair.origins));
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // What fails is logged there.
    private void resume(TenantShard shard, int bucket, @Nullable BucketImage image) {
        node.resume(shard, bucket, image).whenComplete((nothing, failure) -> {
            if (failure != null) {
                LOG.warn("bucket {} of a slot of node {} is not repaired: {}", bucket, node.id(), failure.getMessage());
            }
        });
    }

    private static byte[] encode(@Nullable Origin origin, byte[] chunk) {
        ByteBuffer cells = ByteBuffer.allocate(9 + chunk.length).order(ByteOrder.LITTLE_ENDIAN);
        if (origin == null) {
            cells.put((byte) 0).putLong(0);
        } else {
            cells.put((byte) 1)
                    .putShort((short) origin.region().value())
                    .putShort((short) origin.shard().value())
                    .putInt(origin.incarnation());
        }
        return cells.put(chunk).array();
    }

    private static void decode(byte[] bytes, Repair repair) {
        try {
            ByteBuffer cells = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            boolean base = cells.get() == 0;
            Origin origin = new Origin(
                    RegionId.of(Short.toUnsignedInt(cells.getShort())),
                    ShardId.of(Short.toUnsignedInt(cells.getShort())),
                    cells.getInt());
            byte[] chunk = new byte[cells.remaining()];
            cells.get(chunk);
            (base ? repair.base : repair.origins.computeIfAbsent(origin, each -> new ArrayList<>())).add(chunk);
        } catch (BufferUnderflowException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "cells of a bucket are too short", e);
        }
    }
}
