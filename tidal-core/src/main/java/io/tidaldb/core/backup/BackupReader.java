package io.tidaldb.core.backup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import java.io.CharConversionException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the parts of a backup, one after the other, and checks that each is whole and continues the one before. Nothing is allocated for a
 * length before it was checked.
 *
 * <p>Confined to one thread. What it hands over of a part is proven only when the part has ended.
 */
public final class BackupReader {

    private static final int MAX_JSON = 16 << 20;
    private static final int MAX_BASE = 1 << 20;
    private static final int FIRST_ROOM = 64 << 10;

    private final String name;
    private final InputStream source;
    private final ObjectMapper mapper = new ObjectMapper();

    /** What was read last; the same array again and again, since a large backup is some hundred thousand batches. */
    private byte[] room = new byte[FIRST_ROOM];

    /** Gets what is read, in order. */
    public interface Visitor {

        /** A part begins. */
        void head(BackupHead head);

        /** A batch of a slot; its bytes are there until this returns. */
        void batch(int slot, WalBatch batch);

        /** A stretch of a slot's checkpoint. */
        void base(int slot, byte[] bytes);

        /** The part is whole; the next one, if there is any, continues it. */
        void end(BackupPoint point);
    }

    /**
     * Creates a reader.
     *
     * @param name of the source, for messages
     * @param source is not closed
     */
    public BackupReader(String name, InputStream source) {
        this.name = name;
        this.source = source;
    }

    /**
     * Reads all parts that the source has.
     *
     * @throws TidalException CORRUPT_DATA if there is none, or one is damaged or not whole; FORMAT_TOO_NEW
     */
    public void read(Visitor visitor) throws IOException {
        int parts = 0;
        for (int first = source.read(); first >= 0; first = source.read()) {
            try {
                part(first, visitor);
            } catch (EOFException e) {
                throw damaged("the end of part " + (parts + 1), "nothing more", e);
            } catch (JsonProcessingException | CharConversionException e) {
                throw damaged("JSON in part " + (parts + 1), "something else", e);
            }
            parts++;
        }
        if (parts == 0) {
            throw damaged("a backup", "nothing", null);
        }
    }

    private void part(int first, Visitor visitor) throws IOException {
        MessageDigest digest = Sha256.digest();
        digest.update((byte) first);
        DataInputStream in = new DataInputStream(new DigestInputStream(source, digest));
        int magic = first << 24 | in.readUnsignedShort() << 8 | in.readUnsignedByte();
        if (magic != BackupWriter.MAGIC) {
            throw damaged("a part of a backup, which begins with TDBK", Integer.toHexString(magic), null);
        }
        int version = in.readUnsignedShort();
        if (version != BackupWriter.VERSION) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    name + " has format version " + version + ": expected " + BackupWriter.VERSION);
        }
        if (in.readUnsignedByte() != BackupWriter.HEAD) {
            throw damaged("a head", "something else", null);
        }
        JsonNode head = json(in, in.readInt());
        visitor.head(parsed("a head", () -> BackupHead.of(head)));
        BackupPoint point = frames(in, visitor);
        byte[] expected = digest.digest();
        byte[] found = source.readNBytes(Sha256.BYTES);
        if (!Arrays.equals(expected, found)) {
            throw damaged("its digest", "another one", null);
        }
        visitor.end(point);
    }

    private BackupPoint frames(DataInputStream in, Visitor visitor) throws IOException {
        while (true) {
            int type = in.readUnsignedByte();
            int length = in.readInt();
            switch (type) {
                case BackupWriter.BATCH -> {
                    checkLength(length, Short.BYTES + WalBatch.HEADER_BYTES, WalBatch.MAX_PAYLOAD_BYTES + (1 << 10));
                    visitor.batch(in.readUnsignedShort(), batch(in, length - Short.BYTES));
                }
                case BackupWriter.BASE -> {
                    checkLength(length, Short.BYTES, MAX_BASE);
                    int slot = in.readUnsignedShort();
                    fill(in, length - Short.BYTES);
                    visitor.base(slot, Arrays.copyOf(room, length - Short.BYTES));
                }
                case BackupWriter.END -> {
                    String point = json(in, length).path("point").asText();
                    return parsed("the point where it ends", () -> BackupPoint.parse(point));
                }
                default -> throw damaged("a batch, a base or the end", "type " + type, null);
            }
        }
    }

    private WalBatch batch(DataInputStream in, int length) throws IOException {
        fill(in, length);
        ByteBuffer buffer = ByteBuffer.wrap(room, 0, length).order(ByteOrder.LITTLE_ENDIAN);
        WalBatch batch = parsed("a batch as it was written", () -> WalBatch.of(buffer, 0));
        if (batch.length() != length) {
            throw damaged("a batch of " + length + " bytes", batch.length() + " bytes", null);
        }
        return batch;
    }

    // Nothing is proven before the digest: whatever can't be read may be damage.
    private <T> T parsed(String expected, Supplier<T> parser) {
        try {
            return parser.get();
        } catch (TidalException e) {
            if (e.code() == ErrorCode.FORMAT_TOO_NEW) {
                throw e;
            }
            throw damaged(expected, e.getMessage(), e);
        }
    }

    private JsonNode json(DataInputStream in, int length) throws IOException {
        checkLength(length, 2, MAX_JSON);
        fill(in, length);
        return mapper.readTree(room, 0, length);
    }

    private void checkLength(int length, int least, int most) {
        if (length < least || length > most) {
            throw damaged("a length of " + least + " to " + most, Integer.toString(length), null);
        }
    }

    // What does not come is not allocated for.
    private void fill(DataInputStream in, int length) throws IOException {
        for (int read = 0; read < length; ) {
            if (read == room.length) {
                room = Arrays.copyOf(room, Math.min(2 * room.length, length));
            }
            int more = in.read(room, read, Math.min(room.length, length) - read);
            if (more < 0) {
                throw new EOFException();
            }
            read += more;
        }
    }

    private TidalException damaged(String expected, @Nullable String found, @Nullable Exception cause) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                name + " is damaged or not a whole backup: expected " + expected + ", found " + found
                        + "; use another copy of it",
                cause);
    }
}
