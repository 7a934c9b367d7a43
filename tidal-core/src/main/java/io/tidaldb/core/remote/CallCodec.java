package io.tidaldb.core.remote;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of calls and answers: u8 version, u8 kind, u32 length of a JSON object, the object, and what is attached to it. What a newer
 * node adds to an object is ignored; a kind that is not known is refused.
 *
 * <p>Safe for any number of threads.
 */
public final class CallCodec {

    private static final byte VERSION = 1;
    private static final int HEAD_BYTES = 6;

    // The place in the list is the kind: only ever append.
    private static final List<Class<? extends Call>> FIRST_CALLS = List.of(
            Call.Write.class,
            Call.Read.class,
            Call.Top.class,
            Call.Totals.class,
            Call.Usage.class,
            Call.Hours.class,
            Call.Recount.class,
            Call.Export.class,
            Call.Compare.class,
            Call.Label.class,
            Call.Settle.class,
            Call.Figures.class,
            Call.Positions.class);

    private static final Map<Class<? extends Call>, Integer> CALLS = new LinkedHashMap<>();

    static {
        FIRST_CALLS.forEach(each -> CALLS.put(each, CALLS.size()));
        // Leadership.
        CALLS.put(Call.HandOver.class, 20);
        // Upgrades.
        CALLS.put(Call.Verify.class, 30);
        // Clients.
        CALLS.put(Call.Route.class, 60);
        CALLS.put(Call.Enter.class, 61);
        CALLS.put(Call.Writes.class, 62);
        // Hard negatives and sessions.
        CALLS.put(Call.RecordUser.class, 50);
        CALLS.put(Call.Hidden.class, 51);
        CALLS.put(Call.Session.class, 52);
        CALLS.put(Call.Reach.class, 53);
        // Migrations.
        CALLS.put(Call.Move.class, 21);
        CALLS.put(Call.Moves.class, 22);
        // Reconciliation.
        CALLS.put(Call.Holdings.class, 71);
        // Changes of replicas.
        CALLS.put(Call.ReadThrough.class, 72);
    }

    private static final List<Class<? extends Answer>> FIRST_ANSWERS = List.of(
            Answer.Done.class,
            Answer.Refused.class,
            Answer.Written.class,
            Answer.Readings.class,
            Answer.Ranked.class,
            Answer.Totals.class,
            Answer.Usage.class,
            Answer.Hours.class,
            Answer.Recounted.class,
            Answer.Exported.class,
            Answer.Compared.class,
            Answer.Figures.class,
            Answer.Positions.class);

    private static final Map<Class<? extends Answer>, Integer> ANSWERS = new LinkedHashMap<>();

    static {
        FIRST_ANSWERS.forEach(each -> ANSWERS.put(each, ANSWERS.size()));
        // Clients.
        ANSWERS.put(Answer.Route.class, 60);
        ANSWERS.put(Answer.Entered.class, 61);
        ANSWERS.put(Answer.EachWritten.class, 62);
        // Hard negatives and sessions.
        ANSWERS.put(Answer.Hidden.class, 50);
        ANSWERS.put(Answer.Session.class, 51);
        // Migrations.
        ANSWERS.put(Answer.Moved.class, 13);
        ANSWERS.put(Answer.Figured.class, 14);
        // Reconciliation.
        ANSWERS.put(Answer.Holdings.class, 71);
    }

    private final ObjectMapper mapper = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    /**
     * A call with what is attached to it.
     *
     * @param attached a view of the message
     */
    public record Received(Call call, ByteBuffer attached) {}

    /** Encodes a call. */
    public ByteBuffer encode(Call call, ByteBuffer attached) {
        return encode(number(CALLS, call.getClass()), call, attached);
    }

    /** Encodes an answer. */
    public ByteBuffer encode(Answer answer) {
        return encode(number(ANSWERS, answer.getClass()), answer, ByteBuffer.allocate(0));
    }

    private static <T> int number(Map<Class<? extends T>, Integer> kinds, Class<? extends T> kind) {
        return Objects.requireNonNull(kinds.get(kind), "every kind has a number");
    }

    private static <T> @Nullable Class<? extends T> kind(Map<Class<? extends T>, Integer> kinds, int number) {
        return kinds.entrySet().stream()
                .filter(each -> each.getValue() == number)
                .<Class<? extends T>>map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }

    private ByteBuffer encode(int kind, Object value, ByteBuffer attached) {
        byte[] json;
        try {
            json = mapper.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new TidalException(ErrorCode.INTERNAL, "a message can't be encoded: " + value.getClass(), e);
        }
        return ByteBuffer.allocate(HEAD_BYTES + json.length + attached.remaining())
                .put(VERSION)
                .put((byte) kind)
                .putInt(json.length)
                .put(json)
                .put(attached.duplicate())
                .flip();
    }

    /**
     * Decodes a call.
     *
     * @throws TidalException UNSUPPORTED if it is of another version or kind, CORRUPT_DATA if it is no call at all
     */
    public Received call(ByteBuffer message) {
        Call call = decode(message, CALLS);
        return new Received(call, message.slice());
    }

    /** Decodes an answer; as {@link #call}. */
    public Answer answer(ByteBuffer message) {
        return decode(message, ANSWERS);
    }

    private <T> T decode(ByteBuffer message, Map<Class<? extends T>, Integer> kinds) {
        if (message.remaining() < HEAD_BYTES) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA, "a message of " + message.remaining() + " bytes is too short to be a call");
        }
        int version = message.get();
        int kind = message.get();
        int length = message.getInt();
        Class<? extends T> known = version == VERSION ? kind(kinds, kind) : null;
        if (known == null) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "a message of version " + version + " and kind " + kind + " is not known here: expected version "
                            + VERSION + " and one of the kinds " + kinds.values() + "; the node that sent it is newer");
        }
        if (length < 0 || length > message.remaining()) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA, "a message announces " + length + " bytes and has " + message.remaining());
        }
        byte[] json = new byte[length];
        message.get(json);
        try {
            return mapper.readValue(json, known);
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA, "a message of kind " + kind + " is malformed: " + e.getMessage(), e);
        }
    }
}
