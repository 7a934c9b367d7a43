package io.tidaldb.server.importing;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads lines of UTF-8, ended by LF or CRLF, and never holds more than the longest line that is allowed. Not thread-safe. */
public final class LineReader implements Closeable {

    /** Longest line in bytes. */
    static final int MAX_BYTES = 64 << 10;

    /**
     * A line.
     *
     * @param text without its end; empty if there is a fault
     * @param fault why the text can't be read, or null
     */
    public record Line(long number, String text, @Nullable String fault) {}

    private final InputStream input;
    private final byte[] buffer = new byte[64 << 10];
    private final byte[] line = new byte[MAX_BYTES];
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    private final Deque<Line> returned = new ArrayDeque<>();
    private int position;
    private int limit;
    private long number;

    /** Reads from this stream. */
    public LineReader(InputStream input) {
        this.input = input;
    }

    /** Returns the next line, or null after the last. */
    public @Nullable Line next() throws IOException {
        Line again = returned.poll();
        if (again != null) {
            return again;
        }
        int length = 0;
        boolean any = false;
        boolean tooLong = false;
        while (position < limit || fill()) {
            any = true;
            int end = position;
            while (end < limit && buffer[end] != '\n') {
                end++;
            }
            int bytes = end - position;
            if (length + bytes > MAX_BYTES) {
                tooLong = true;
            } else {
                System.arraycopy(buffer, position, line, length, bytes);
                length += bytes;
            }
            position = end;
            if (end < limit) {
                position++;
                break;
            }
        }
        if (!any) {
            return null;
        }
        number++;
        return tooLong
                ? new Line(number, "", "longer than " + MAX_BYTES + " bytes")
                : decoded(length > 0 && line[length - 1] == '\r' ? length - 1 : length);
    }

    /** Takes lines back; {@link #next} returns them again, in this order, before any other. */
    void unread(List<Line> lines) {
        for (int i = lines.size() - 1; i >= 0; i--) {
            returned.addFirst(lines.get(i));
        }
    }

    private Line decoded(int length) {
        // A byte order mark is no part of the first field's name.
        int start = number == 1 && length >= 3 && Arrays.equals(line, 0, 3, BYTE_ORDER_MARK, 0, 3) ? 3 : 0;
        try {
            return new Line(
                    number,
                    decoder.decode(ByteBuffer.wrap(line, start, length - start)).toString(),
                    null);
        } catch (CharacterCodingException e) {
            return new Line(number, "", "not UTF-8");
        }
    }

    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

    private boolean fill() throws IOException {
        position = 0;
        limit = Math.max(0, input.read(buffer));
        return limit > 0;
    }

    @Override
    public void close() throws IOException {
        input.close();
    }
}
