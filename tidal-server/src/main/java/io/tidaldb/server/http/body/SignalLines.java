package io.tidaldb.server.http.body;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Reads signals from UTF-8, one JSON object a line, lines ended by LF or CRLF. Not thread-safe. */
public final class SignalLines {

    /** Longest line in bytes. */
    private static final int MAX_BYTES = 64 << 10;

    private final InputStream input;
    private final TenantId tenant;
    private final byte[] buffer = new byte[2 * MAX_BYTES];
    private final PlainLine plain;
    private boolean ended;
    private int limit;
    private long number;

    /** Where the next line begins, and where those end that are whole: {@code next <= whole <= limit}. */
    private int next;

    private int whole;

    /** @param tenant whose signals these are */
    public SignalLines(InputStream input, TenantId tenant) {
        this.input = input;
        this.tenant = tenant;
        this.plain = new PlainLine(buffer, tenant);
    }

    /** Returns the number of the line that was read last, from 1, blank ones included. */
    public long number() {
        return number;
    }

    /**
     * Returns the next signal, or null after the last.
     *
     * @throws TidalException INVALID_ARGUMENT, with the number of the line; nothing may be read after it
     */
    public @Nullable Signal next() throws IOException {
        while (next < whole || fill()) {
            Signal signal = plain.read(next, whole);
            if (signal != null && plain.end() - next <= MAX_BYTES) {
                next = plain.end();
                number++;
                return signal;
            }
            signal = other();
            if (signal != null) {
                return signal;
            }
        }
        return null;
    }

    /** Reads a line that is not as most are; returns null if it is blank. */
    private @Nullable Signal other() throws IOException {
        int begin = next;
        int end = begin;
        while (end < whole && buffer[end] != '\n') {
            end++;
        }
        next = Math.min(end + 1, whole);
        number++;
        checkLength(end - begin);
        return isBlank(begin, end) ? null : signal(begin, end);
    }

    private void checkLength(int bytes) {
        if (bytes > MAX_BYTES) {
            throw TidalException.invalid("line " + number + " is longer than " + MAX_BYTES + " bytes");
        }
    }

    private boolean isBlank(int begin, int end) {
        for (int i = begin; i < end; i++) {
            if (buffer[i] != ' ' && buffer[i] != '\t' && buffer[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private Signal signal(int begin, int end) throws IOException {
        try (JsonParser line = RequestJson.signalParser(buffer, begin, end - begin)) {
            line.nextToken();
            Signal signal = SignalJson.read(line, tenant);
            if (line.nextToken() != null) {
                throw TidalException.invalid("it is not one object and nothing else");
            }
            return signal;
        } catch (JsonProcessingException e) {
            throw RequestJson.malformedLine(number, e);
        } catch (TidalException e) {
            throw TidalException.invalid("line " + number + ": " + e.getMessage());
        }
    }

    /** Gets at least one whole line into the buffer; returns whether there is one. */
    private boolean fill() throws IOException {
        System.arraycopy(buffer, whole, buffer, 0, limit - whole);
        limit -= whole;
        next = 0;
        whole = 0;
        while (whole == 0 && !ended) {
            if (limit > MAX_BYTES) {
                number++;
                checkLength(limit);
            }
            int read = input.read(buffer, limit, buffer.length - limit);
            int seen = limit;
            limit += Math.max(0, read);
            ended = read < 0;
            whole = ended ? limit : afterLastEnd(seen);
        }
        skipByteOrderMark();
        return whole > next;
    }

    private int afterLastEnd(int from) {
        int end = limit;
        while (end > from && buffer[end - 1] != '\n') {
            end--;
        }
        return end == from ? 0 : end;
    }

    // Some editors begin a file with it.
    private void skipByteOrderMark() {
        if (number == 0
                && limit >= 3
                && buffer[0] == (byte) 0xEF
                && buffer[1] == (byte) 0xBB
                && buffer[2] == (byte) 0xBF) {
            buffer[0] = ' ';
            buffer[1] = ' ';
            buffer[2] = ' ';
        }
    }
}
