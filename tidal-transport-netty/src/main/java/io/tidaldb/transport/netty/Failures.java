package io.tidaldb.transport.netty;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TidalException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionException;

/** How a handler's failure travels: outcome, 1; length of the code's name, 1; the name; a text for a person. */
final class Failures {

    private static final int MAX_TEXT = 1024;
    private static final Outcome[] OUTCOMES = {Outcome.NOT_APPLIED, Outcome.UNKNOWN, Outcome.FATAL};

    private Failures() {}

    static ByteBuffer encode(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        ErrorCode code = cause instanceof TidalException known ? known.code() : ErrorCode.INTERNAL;
        String text = cause instanceof TidalException
                ? String.valueOf(cause.getMessage())
                : "the peer's handler failed: " + cause;
        byte[] name = code.name().getBytes(StandardCharsets.US_ASCII);
        byte[] bytes =
                (text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "…").getBytes(StandardCharsets.UTF_8);
        ByteBuffer body = ByteBuffer.allocate(2 + name.length + bytes.length);
        for (int i = 0; i < OUTCOMES.length; i++) {
            if (OUTCOMES[i] == code.outcome()) {
                body.put((byte) i);
            }
        }
        return body.put((byte) name.length).put(name).put(bytes).flip();
    }

    private static String bounded(String text) {
        return text.length() <= MAX_TEXT + 1 ? text : text.substring(0, MAX_TEXT) + "…";
    }

    /** Returns the failure; a code that is not known here becomes one that leaves the asker as much, or as little, hope. */
    static TidalException decode(ByteBuffer body) {
        try {
            int outcome = body.get();
            byte[] name = new byte[Byte.toUnsignedInt(body.get())];
            body.get(name);
            String code = new String(name, StandardCharsets.US_ASCII);
            // The other side bounds it as well, if it is what it says.
            String text = bounded(StandardCharsets.UTF_8.decode(body).toString());
            for (ErrorCode known : ErrorCode.values()) {
                if (known.name().equals(code)) {
                    return new TidalException(known, text);
                }
            }
            return new TidalException(
                    switch (outcome) {
                        case 0 -> ErrorCode.UNSUPPORTED;
                        case 1 -> ErrorCode.PEER_UNAVAILABLE;
                        default -> ErrorCode.INTERNAL;
                    },
                    "the peer failed with " + Echo.of(code) + ", which is not known here: " + text);
        } catch (BufferUnderflowException e) {
            return new TidalException(ErrorCode.INTERNAL, "the peer failed, and what it said of that is cut short", e);
        }
    }
}
