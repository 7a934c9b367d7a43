package io.tidaldb.core.codec;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The body of an entity record: u64 entity, then its name in UTF-8. */
public record EntityName(long entity, String name) {

    /** Returns the bytes that the body takes, without encoding it. */
    public int bytes() {
        int bytes = Long.BYTES;
        for (int i = 0; i < name.length(); i++) {
            char unit = name.charAt(i);
            // A pair of surrogates takes four bytes.
            bytes += unit < 0x80 ? 1 : unit < 0x800 || Character.isSurrogate(unit) ? 2 : 3;
        }
        return bytes;
    }

    /** Returns the body. */
    public byte[] encode() {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + utf8.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(entity)
                .put(utf8)
                .array();
    }

    /**
     * Reads a body.
     *
     * @throws TidalException CORRUPT_DATA if it is too short
     */
    public static EntityName decode(ByteBuffer body) {
        if (body.remaining() <= Long.BYTES) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA, "entity record of " + body.remaining() + " bytes is too short");
        }
        long entity = body.getLong();
        return new EntityName(entity, StandardCharsets.UTF_8.decode(body).toString());
    }
}
