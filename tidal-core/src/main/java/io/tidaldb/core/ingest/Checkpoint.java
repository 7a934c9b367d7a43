package io.tidaldb.core.ingest;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.key.SealedFile;
import io.tidaldb.core.ledger.SignalLedger;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInput;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A slot's state in a file {@code snapshots/checkpoint-s{shard:05}.ckpt}, so that a restart replays only what came after. Big-endian:
 *
 * <pre>
 * u32 magic "TDCK"   u16 version   u64 tenant   u16 region of the replica that wrote it   u16 shard
 * u64 highest hlc of any batch folded
 * u8 1 and the label, or u8 0
 * u16 count, then for each signal type that the log repeats: u8 index
 * u8 1 and the base ledger, or u8 0
 * u32 count, then for each origin merged into it: origin, u64 last seqno
 * u32 count, then for each origin: origin, u64 last seqno, u64 chain, ledger
 * u32 count, then for each name: u64 entity, name
 * metering: i64 signals, i64 bytes before all hours
 * u32 count, then for each hour: i64 hours since 1970, i64 signals, i64 bytes
 * u32 count, then for each idempotency key: 128-bit key, origin, u64 last seqno, u64 payload hash, u64 hlc
 * from version 2, which is written only where there are any: u32 count, then for each takeover and adoption in the logs:
 *     origin, u64 seqno, u32 length, the control record's body
 * from version 3, which is written only where there are any: sections, see {@link CheckpointSections}
 * u32 CRC-32C of all before
 * origin: u16 region, u16 shard, u32 incarnation
 * </pre>
 *
 * An origin's ledger holds what counts of its log up to the last seqno, which follows from the takeovers and adoptions.
 *
 * <p>Published by rename, only when the log is durable up to its positions. Another replica's, which the logs do not reach yet, is
 * {@code snapshot-s{shard:05}.ckpt} first, see {@link SnapshotInstall}.
 */
final class Checkpoint {

    private static final int MAGIC = 'T' << 24 | 'D' << 16 | 'C' << 8 | 'K';
    private static final int VERSION = 3;
    private static final int MIN_BYTES = 24;
    private static final int BUFFER_BYTES = 64 << 10;

    private Checkpoint() {}

    /** Returns the file's name; a tenant's slots on a node are on different shards. */
    static String name(ShardId shard) {
        return String.format("checkpoint-s%05d.ckpt", shard.value());
    }

    /** Returns the name of another replica's checkpoint that is to become this one's. */
    static String snapshotName(ShardId shard) {
        return String.format("snapshot-s%05d.ckpt", shard.value());
    }

    /** Returns the name of the empty file that is there while a slot waits for the state that its logs come to, and folds nothing. */
    static String awaitedName(ShardId shard) {
        return String.format("awaited-s%05d", shard.value());
    }

    /**
     * Writes a slot's state and returns its size in bytes. Safe for any thread.
     *
     * @param dropped asked now and then; once it says true, nothing is published
     * @throws TidalException STORAGE_FULL if it can't be written, CLOSED if it was dropped
     */
    static long write(NodeHome home, SlotImage image, BooleanSupplier dropped) {
        return write(home, name(image.replica.shard()), image, dropped);
    }

    /** As the other one, under another name than a checkpoint has. */
    static long write(NodeHome home, String name, SlotImage image, BooleanSupplier dropped) {
        try (NodeHome.PendingFile file = home.create(image.tenantId, name)) {
            CRC32C crc = new CRC32C();
            OutputStream content = SealedFile.writing(file, image.ring);
            OutputStream counted = new CheckedOutputStream(new Droppable(content, dropped), crc);
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(counted, BUFFER_BYTES));
            writeState(out, image);
            out.flush();
            out.writeInt((int) crc.getValue());
            out.flush();
            content.close();
            return file.publish();
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORAGE_FULL,
                    "file " + name + " of tenant " + image.tenantId + " in " + home.path() + " can't be written: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Breaks off when nobody needs what is written. */
    private static final class Droppable extends FilterOutputStream {

        private final BooleanSupplier dropped;

        Droppable(OutputStream out, BooleanSupplier dropped) {
            super(out);
            this.dropped = dropped;
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            if (dropped.getAsBoolean()) {
                throw new TidalException(ErrorCode.CLOSED, "the checkpoint was dropped: nobody needs it any more");
            }
            out.write(bytes, from, length);
        }
    }

    private static void writeState(DataOutput out, SlotImage image) throws IOException {
        out.writeInt(MAGIC);
        int version = CheckpointSections.isNeeded(image) ? VERSION : image.notes.isEmpty() ? 1 : 2;
        out.writeShort(version);
        out.writeLong(image.tenantId.value());
        out.writeShort(image.replica.region().value());
        out.writeShort(image.replica.shard().value());
        out.writeLong(image.lastHlc);
        writeOptional(out, image.label);
        out.writeShort(image.schemaLogged.cardinality());
        for (int i = image.schemaLogged.nextSetBit(0); i >= 0; i = image.schemaLogged.nextSetBit(i + 1)) {
            out.writeByte(i);
        }
        out.writeBoolean(image.base != null);
        if (image.base != null) {
            image.base.writeTo(out);
        }
        out.writeInt(image.compacted.size());
        for (Map.Entry<Origin, Long> end : image.compacted.entrySet()) {
            writeOrigin(out, end.getKey());
            out.writeLong(end.getValue());
        }
        out.writeInt(image.origins.size());
        for (SlotImage.OriginImage each : image.origins) {
            writeOrigin(out, each.origin());
            out.writeLong(each.lastSeqno());
            out.writeLong(each.chain());
            each.ledger().writeTo(out);
        }
        image.names.writeTo(out);
        image.metering.writeTo(out);
        KeyMemory.write(image.keys, out);
        if (version > 1) {
            FoldNotes.write(image.notes, out);
        }
        if (version > 2) {
            CheckpointSections.write(image, out);
        }
    }

    /** Writes a state that came from another slot as this one's snapshot, in place of the file that it was read from; returns its size in bytes. */
    static long writeSnapshot(NodeHome home, TenantShard state) {
        try (SlotImage image = new SlotImage(state)) {
            return write(home, snapshotName(state.replica().shard()), image, () -> false);
        }
    }

    /**
     * Restores a slot's state from a file, and returns the file's size in bytes.
     *
     * @throws TidalException CORRUPT_DATA if it is damaged, FORMAT_TOO_NEW, TENANT_SUSPENDED; the slot is then half restored and must be thrown away
     */
    static long read(NodeHome.StoredFile file, TenantShard shard, Schema schema) {
        return read(
                file, shard.tenantId(), shard.replica().shard(), shard.tenant().keys(), shard, schema);
    }

    /**
     * As the other one, of a slot of another tenant, whose origins the state then has.
     *
     * @param tenant whose slot it is
     * @param holder of which shard; null if that does not matter
     * @param keys that it was sealed with
     */
    static long read(
            NodeHome.StoredFile file,
            TenantId tenant,
            @Nullable ShardId holder,
            KeyRing keys,
            TenantShard shard,
            Schema schema) {
        // Twice over the file, so that nothing is believed before all of it is known to be whole.
        try {
            checkWhole(file, keys);
            try (DataInputStream in = input(file, keys)) {
                in.readInt();
                int version = in.readUnsignedShort();
                if (version > VERSION) {
                    throw new TidalException(
                            ErrorCode.FORMAT_TOO_NEW,
                            "checkpoint " + file.name() + " has version " + version + ": expected up to " + VERSION);
                }
                long writer = in.readLong();
                // A snapshot was written by a replica in another region.
                int region = in.readUnsignedShort();
                int of = in.readUnsignedShort();
                if (writer != tenant.value() || holder != null && of != holder.value()) {
                    throw damaged(file, "tenant " + tenant + (holder == null ? "" : " and shard " + holder));
                }
                readState(in, version, shard, schema);
                if (shard.writesEverywhere()
                        && (region != shard.replica().region().value() || !shard.origins.containsKey(shard.origin))) {
                    // What a log repeats is known only of the one that is written here.
                    shard.schemaLogged.clear();
                }
            }
            return file.bytes();
        } catch (IOException | BufferUnderflowException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "checkpoint " + file.name() + " can't be read: " + e, e);
        } catch (TidalException e) {
            if (e.code() != ErrorCode.INVALID_ARGUMENT) {
                throw e;
            }
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA, "checkpoint " + file.name() + " is malformed: " + e.getMessage(), e);
        }
    }

    /** @throws TidalException CORRUPT_DATA if it is not whole, or can't be read; TENANT_SUSPENDED */
    static void check(NodeHome.StoredFile file, KeyRing keys) {
        try {
            checkWhole(file, keys);
        } catch (IOException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "checkpoint " + file.name() + " can't be read: " + e, e);
        }
    }

    private static void checkWhole(NodeHome.StoredFile file, KeyRing keys) throws IOException {
        long bytes = SealedFile.contentBytes(file.bytes(), keys);
        if (bytes < MIN_BYTES) {
            throw damaged(file, "at least " + MIN_BYTES + " bytes");
        }
        try (DataInputStream in = input(file, keys)) {
            CRC32C crc = new CRC32C();
            byte[] buffer = new byte[BUFFER_BYTES];
            int magic = 0;
            for (long left = bytes - Integer.BYTES; left > 0; ) {
                int length = (int) Math.min(left, buffer.length);
                in.readFully(buffer, 0, length);
                crc.update(buffer, 0, length);
                if (left == bytes - Integer.BYTES) {
                    magic = ByteBuffer.wrap(buffer).getInt(0);
                }
                left -= length;
            }
            if (in.readInt() != (int) crc.getValue() || magic != MAGIC) {
                throw damaged(file, "checksum 0x" + Integer.toHexString((int) crc.getValue()));
            }
        }
    }

    private static DataInputStream input(NodeHome.StoredFile file, KeyRing keys) throws IOException {
        InputStream content = SealedFile.reading(file.open(), file.name(), file.bytes(), keys);
        return new DataInputStream(new BufferedInputStream(content, BUFFER_BYTES));
    }

    private static void readState(DataInput in, int version, TenantShard shard, Schema schema) throws IOException {
        shard.lastHlc = in.readLong();
        String label = in.readBoolean() ? in.readUTF() : null;
        if (label != null) {
            shard.label(label);
        }
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            shard.schemaLogged.set(in.readUnsignedByte());
        }
        if (in.readBoolean()) {
            shard.base = SignalLedger.readFrom(in, schema);
        }
        for (int i = in.readInt(); i > 0; i--) {
            shard.compacted.put(readOrigin(in), in.readLong());
        }
        for (int i = in.readInt(); i > 0; i--) {
            Origin origin = readOrigin(in);
            long lastSeqno = in.readLong();
            long chain = in.readLong();
            shard.origins.put(origin, new OriginLedger(origin, SignalLedger.readFrom(in, schema), lastSeqno, chain));
        }
        for (int i = in.readInt(); i > 0; i--) {
            shard.names.put(in.readLong(), in.readUTF());
        }
        shard.metering.readFrom(in);
        shard.keys.readFrom(in);
        if (version > 1) {
            shard.notes.readFrom(in);
        }
        if (version > 2) {
            CheckpointSections.read(in, schema, shard);
        }
        for (OriginLedger each : shard.origins.values()) {
            each.limit = shard.notes.limit(each.origin);
            each.foldedSeqno = each.limit.end(each.lastSeqno);
        }
    }

    private static void writeOptional(DataOutput out, @Nullable String text) throws IOException {
        out.writeBoolean(text != null);
        if (text != null) {
            out.writeUTF(text);
        }
    }

    static void writeOrigin(DataOutput out, Origin origin) throws IOException {
        out.writeShort(origin.region().value());
        out.writeShort(origin.shard().value());
        out.writeInt(origin.incarnation());
    }

    static Origin readOrigin(DataInput in) throws IOException {
        return new Origin(RegionId.of(in.readUnsignedShort()), ShardId.of(in.readUnsignedShort()), in.readInt());
    }

    /** Reads a u32 length, which is not believed before so many bytes are there, and returns what follows it, little-endian. */
    static ByteBuffer readBody(DataInput in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "a checkpoint has a record of " + Integer.toUnsignedString(length) + " bytes");
        }
        byte[] body = new byte[Math.min(length, BUFFER_BYTES)];
        in.readFully(body);
        while (body.length < length) {
            int known = body.length;
            body = Arrays.copyOf(body, (int) Math.min(length, 2L * known));
            in.readFully(body, known, body.length - known);
        }
        return ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static TidalException damaged(NodeHome.StoredFile file, String expected) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                "checkpoint " + file.name() + " is damaged: expected " + expected + "; if its log was truncated, "
                        + CorruptLogException.REMEDY);
    }
}
