package io.tidaldb.core.backup;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.wal.WalBatch;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;

/**
 * Writes one part of a backup. Big-endian:
 *
 * <pre>
 * u32 magic "TDBK"   u16 version, 1
 * frames: u8 type, u32 length of the body, body
 *     1 head: JSON, first; see {@link BackupHead}
 *     2 batch: u16 slot, the batch byte for byte
 *     3 base: u16 slot, a stretch of the slot's checkpoint; before its batches, where its logs do not begin at their start
 *     4 end: JSON, last: {"point", "batches"}
 * 32 bytes SHA-256 of all before
 * </pre>
 *
 * <p>Confined to one thread.
 */
public final class BackupWriter {

    static final int MAGIC = 'T' << 24 | 'D' << 16 | 'B' << 8 | 'K';
    static final int VERSION = 1;
    static final int HEAD = 1;
    static final int BATCH = 2;
    static final int BASE = 3;
    static final int END = 4;

    private final MessageDigest digest = Sha256.digest();
    private final DataOutputStream out;
    private final OutputStream target;
    private long batches;

    /**
     * Begins a part.
     *
     * @param target gets all of it; it is not closed
     */
    public BackupWriter(OutputStream target, BackupHead head) throws IOException {
        this.target = target;
        this.out = new DataOutputStream(new DigestOutputStream(target, digest));
        out.writeInt(MAGIC);
        out.writeShort(VERSION);
        json(HEAD, head.toJson());
    }

    /** Adds a batch of a slot. */
    public void batch(int slot, WalBatch batch) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(batch.length());
        batch.copyTo(bytes);
        begin(BATCH, Short.BYTES + batch.length());
        out.writeShort(slot);
        out.write(bytes.array());
        batches++;
    }

    /** Adds a stretch of a slot's checkpoint. */
    public void base(int slot, byte[] bytes) throws IOException {
        begin(BASE, Short.BYTES + bytes.length);
        out.writeShort(slot);
        out.write(bytes);
    }

    /** Ends the part, and returns how many batches are in it. */
    public long end(BackupPoint point) throws IOException {
        json(
                END,
                JsonNodeFactory.instance
                        .objectNode()
                        .put("point", point.toString())
                        .put("batches", batches));
        out.flush();
        target.write(digest.digest());
        target.flush();
        return batches;
    }

    private void json(int type, ObjectNode json) throws IOException {
        byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
        begin(type, bytes.length);
        out.write(bytes);
    }

    private void begin(int type, int length) throws IOException {
        out.writeByte(type);
        out.writeInt(length);
    }
}
