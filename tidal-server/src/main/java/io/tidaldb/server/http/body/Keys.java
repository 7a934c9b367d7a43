package io.tidaldb.server.http.body;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.regex.Pattern;

/** Idempotency keys as they are derived for ever: a change would make a retry count twice. */
public final class Keys {

    private static final int MAX_BYTES = 256;
    private static final Pattern UUID_FORM =
            Pattern.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}");

    private Keys() {}

    /** Returns the key that a header names: a UUID's 128 bits, else XXH3-128 of the UTF-8 bytes with seed 0. */
    public static IdempotencyKey of(String header) {
        if (UUID_FORM.matcher(header).matches()) {
            return IdempotencyKey.of(UUID.fromString(header));
        }
        byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length > MAX_BYTES) {
            throw TidalException.invalid(
                    "Idempotency-Key of " + bytes.length + " bytes is out of range: expected 1 to " + MAX_BYTES);
        }
        return hashed(bytes);
    }

    /**
     * Returns the key of a line: XXH3-128 of the 16 bytes of the request's key, high bits first, and the number of the line as unsigned 64
     * bits, little-endian.
     *
     * @param line from 1
     */
    public static IdempotencyKey ofLine(IdempotencyKey request, long line) {
        return hashed(ByteBuffer.allocate(24)
                .putLong(request.high())
                .putLong(request.low())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(line)
                .array());
    }

    private static IdempotencyKey hashed(byte[] bytes) {
        HashValue128 hash = Hashing.xxh3_128().hashBytesTo128Bits(bytes);
        return new IdempotencyKey(hash.getMostSignificantBits(), hash.getLeastSignificantBits());
    }
}
