package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.directory.NodeHome;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What the next open has to know of a replica that was found to be damaged: how far each of its logs had gone, which damaged files need not
 * tell any more; or that it was thrown away, so that what is here says nothing of what was acknowledged until all of it was fetched again.
 *
 * <p>A file {@code snapshots/damaged-s{shard:05}} beside the slot's checkpoint. Big-endian:
 *
 * <pre>
 * 'TDDN', u16 version, u8 1 if it was thrown away, or 0
 * u32 count, then for each origin: origin, u64 last seqno, u64 chain
 * u32 CRC-32C of all before
 * origin: u16 region, u16 shard, u32 incarnation
 * </pre>
 *
 * @param thrownAway whether nothing is to be gone by of what is here
 * @param ends how far the logs had gone, but for those of origins that were merged; empty if that is not known of what was thrown away
 */
record DamageNote(boolean thrownAway, SortedMap<Origin, End> ends) {

    private static final int MAGIC = 'T' << 24 | 'D' << 16 | 'D' << 8 | 'N';
    private static final int VERSION = 1;

    /** More than any number of origins takes that a slot may have. */
    private static final int MAX_BYTES = 16 << 20;

    /** Where a log had ended, with its chain there. */
    record End(long lastSeqno, long chain) {}

    /** Says how far a slot's logs go. */
    static DamageNote of(TenantShard shard) {
        SortedMap<Origin, End> ends = new TreeMap<>();
        shard.origins.values().forEach(each -> ends.put(each.origin, new End(each.lastSeqno, each.chain)));
        return new DamageNote(false, ends);
    }

    /**
     * Says that what a slot held was thrown away.
     *
     * @param had how far its logs had gone; empty if that is not known
     */
    static DamageNote ofThrownAway(Map<Origin, Long> had) {
        SortedMap<Origin, End> ends = new TreeMap<>();
        // Nobody asks for the chains of logs that are not here.
        had.forEach((origin, lastSeqno) -> ends.put(origin, new End(lastSeqno, Chain.START)));
        return new DamageNote(true, ends);
    }

    /** Returns how far the logs had gone, without their chains. */
    SortedMap<Origin, Long> lastSeqnos() {
        SortedMap<Origin, Long> lasts = new TreeMap<>();
        ends.forEach((origin, end) -> lasts.put(origin, end.lastSeqno()));
        return lasts;
    }

    /** Returns the file's name. */
    static String name(ShardId shard) {
        return String.format("damaged-s%05d", shard.value());
    }

    /**
     * Keeps it, durably, in place of what was kept before.
     *
     * @throws TidalException STORAGE_FULL if it can't be written
     */
    void keep(NodeHome home, TenantId tenant, ShardId shard) {
        try (NodeHome.PendingFile file = home.create(tenant, name(shard))) {
            file.write(encode());
            file.publish();
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORAGE_FULL,
                    "file " + name(shard) + " of tenant " + tenant + " in " + home.path() + " can't be written: "
                            + e.getMessage(),
                    e);
        }
    }

    /**
     * Returns what is kept of a slot, if anything is.
     *
     * @throws TidalException CORRUPT_DATA if it can't be read, FORMAT_TOO_NEW
     */
    static Optional<DamageNote> find(NodeHome home, TenantId tenant, ShardId shard) {
        return home.find(tenant, name(shard)).map(DamageNote::read);
    }

    private static DamageNote read(NodeHome.StoredFile file) {
        try (InputStream in = file.open()) {
            return decode(file.name(), in.readNBytes(MAX_BYTES));
        } catch (IOException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "file " + file.name() + " can't be read: " + e, e);
        }
    }

    byte[] encode() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(MAGIC);
        out.writeShort(VERSION);
        out.writeBoolean(thrownAway);
        out.writeInt(ends.size());
        for (Map.Entry<Origin, End> end : ends.entrySet()) {
            Checkpoint.writeOrigin(out, end.getKey());
            out.writeLong(end.getValue().lastSeqno());
            out.writeLong(end.getValue().chain());
        }
        out.writeInt(checksum(bytes.toByteArray()));
        return bytes.toByteArray();
    }

    /** @param name to show */
    static DamageNote decode(String name, byte[] bytes) {
        int end = bytes.length - Integer.BYTES;
        if (end < 0) {
            throw damaged(name, "at least " + Integer.BYTES + " bytes", null);
        }
        int computed = checksum(Arrays.copyOf(bytes, end));
        if (ByteBuffer.wrap(bytes).getInt(end) != computed) {
            throw damaged(name, "checksum 0x" + Integer.toHexString(computed), null);
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, 0, end))) {
            if (in.readInt() != MAGIC) {
                throw damaged(name, "TDDN at its start", null);
            }
            int version = in.readUnsignedShort();
            if (version > VERSION) {
                throw new TidalException(
                        ErrorCode.FORMAT_TOO_NEW,
                        "file " + name + " has version " + version + ": expected up to " + VERSION);
            }
            boolean thrownAway = in.readBoolean();
            SortedMap<Origin, End> ends = new TreeMap<>();
            for (int i = in.readInt(); i > 0; i--) {
                ends.put(Checkpoint.readOrigin(in), new End(in.readLong(), in.readLong()));
            }
            return new DamageNote(thrownAway, ends);
        } catch (IOException e) {
            throw damaged(name, "more bytes", e);
        } catch (TidalException e) {
            if (e.code() != ErrorCode.INVALID_ARGUMENT) {
                throw e;
            }
            throw damaged(name, "origins: " + e.getMessage(), e);
        }
    }

    private static int checksum(byte[] content) {
        CRC32C crc = new CRC32C();
        crc.update(content);
        return (int) crc.getValue();
    }

    private static TidalException damaged(String name, String expected, @Nullable Throwable cause) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                "file " + name
                        + ", which says how far the logs of a damaged replica had gone, is damaged itself: expected "
                        + expected + "; if there is no other replica, delete it",
                cause);
    }
}
