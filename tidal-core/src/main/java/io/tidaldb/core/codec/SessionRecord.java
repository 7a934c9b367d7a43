package io.tidaldb.core.codec;

import com.dynatrace.hash4j.hashing.HashStream64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.RecordKind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * One numbered write of a session. The body, little-endian:
 *
 * <pre>
 * offset size
 *      0    1  type: 1 start, 2 preference, 3 annotation, 4 query, 5 interaction, 6 close
 *      1    8  session
 *      9    8  number in the session, from 1
 *     17    8  time, nanoseconds since 1970
 * then of a start        u64 user
 *      of a preference   u16 length and key in UTF-8, value in UTF-8 to the end
 *      of an annotation  u64 entity, text in UTF-8 to the end
 *      of a query        text in UTF-8 to the end
 *      of an interaction u64 entity, u8 signal type, f32 weight
 *      of a close        nothing
 * </pre>
 *
 * @param number 1 or more
 */
public record SessionRecord(long session, long number, long eventNanos, Content content) implements UserRecord {

    private static final int START = 1;
    private static final int PREFERENCE = 2;
    private static final int ANNOTATION = 3;
    private static final int QUERY = 4;
    private static final int INTERACTION = 5;
    private static final int CLOSE = 6;

    private static final int HEAD_BYTES = 25;
    private static final int NO_TYPE = -1;

    /** What was written. */
    public sealed interface Content {}

    /** The session of a user begins. */
    public record Start(long user) implements Content {}

    /** A preference has this value from here on. */
    public record Preference(String key, String value) implements Content {}

    /** A note on an entity. */
    public record Annotation(long entity, String text) implements Content {}

    /** The user asked for something. */
    public record Query(String text) implements Content {}

    /**
     * The user did something with an entity.
     *
     * @param type index of the signal type
     */
    public record Interaction(long entity, int type, float weight) implements Content {}

    /** The session ends. */
    public record Close() implements Content {}

    @Override
    public RecordKind kind() {
        return RecordKind.SESSIONS;
    }

    @Override
    public long[] entities() {
        if (content instanceof Start start) {
            return new long[] {start.user};
        } else if (content instanceof Annotation annotation) {
            return new long[] {annotation.entity};
        } else if (content instanceof Interaction interaction) {
            return new long[] {interaction.entity};
        }
        return new long[0];
    }

    /** Returns the index of the signal type that it names, or −1. */
    public int signalType() {
        return content instanceof Interaction interaction ? interaction.type : NO_TYPE;
    }

    // All of a session is in one slot.
    @Override
    public long route() {
        return session;
    }

    @Override
    public long identity() {
        byte[] body = encode();
        HashStream64 hash = Hashing.xxh3_64().hashStream();
        hash.putBytes(body, 0, HEAD_BYTES - Long.BYTES);
        hash.putBytes(body, HEAD_BYTES, body.length - HEAD_BYTES);
        return hash.getAsLong();
    }

    @Override
    public byte[] encode() {
        if (content instanceof Start start) {
            return body(START, Long.BYTES).putLong(start.user).array();
        } else if (content instanceof Preference preference) {
            byte[] key = utf8(preference.key);
            byte[] value = utf8(preference.value);
            return body(PREFERENCE, Short.BYTES + key.length + value.length)
                    .putShort((short) key.length)
                    .put(key)
                    .put(value)
                    .array();
        } else if (content instanceof Annotation annotation) {
            byte[] text = utf8(annotation.text);
            return body(ANNOTATION, Long.BYTES + text.length)
                    .putLong(annotation.entity)
                    .put(text)
                    .array();
        } else if (content instanceof Query query) {
            byte[] text = utf8(query.text);
            return body(QUERY, text.length).put(text).array();
        } else if (content instanceof Interaction interaction) {
            return body(INTERACTION, Long.BYTES + 1 + Float.BYTES)
                    .putLong(interaction.entity)
                    .put((byte) interaction.type)
                    .putFloat(interaction.weight)
                    .array();
        }
        return body(CLOSE, 0).array();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private ByteBuffer body(int type, int bytes) {
        return ByteBuffer.allocate(HEAD_BYTES + bytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) type)
                .putLong(session)
                .putLong(number)
                .putLong(eventNanos);
    }

    static SessionRecord decode(ByteBuffer body) {
        int type = Byte.toUnsignedInt(body.get());
        long session = body.getLong();
        long number = body.getLong();
        long eventNanos = body.getLong();
        Content content = switch (type) {
            case START -> new Start(body.getLong());
            case PREFERENCE -> {
                byte[] key = new byte[Short.toUnsignedInt(body.getShort())];
                body.get(key);
                yield new Preference(new String(key, StandardCharsets.UTF_8), rest(body));
            }
            case ANNOTATION -> new Annotation(body.getLong(), rest(body));
            case QUERY -> new Query(rest(body));
            case INTERACTION -> new Interaction(body.getLong(), Byte.toUnsignedInt(body.get()), body.getFloat());
            case CLOSE -> new Close();
            default ->
                throw new TidalException(
                        ErrorCode.FORMAT_TOO_NEW, "session record of type " + type + " is not known to this version");
        };
        return new SessionRecord(session, number, eventNanos, content);
    }

    private static String rest(ByteBuffer body) {
        return StandardCharsets.UTF_8.decode(body).toString();
    }
}
