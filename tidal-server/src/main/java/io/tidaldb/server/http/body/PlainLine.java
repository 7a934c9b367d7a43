package io.tidaldb.server.http.body;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.Signal;
import io.tidaldb.server.importing.TimeText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads signals from lines as nearly all senders write them: the known fields, each once, in ASCII without escapes, numbers as plain decimals.
 * Whatever else a line holds, wrong or merely unusual, is left to {@link SignalJson}, which also says what is wrong; of what both take they
 * make the same signal. A general parser takes most of an ingest's processor time. Not thread-safe.
 */
final class PlainLine {

    private static final int TENANT = 1;
    private static final int SIGNAL = 2;
    private static final int ENTITY = 4;
    private static final int NAME = 8;
    private static final int WEIGHT = 16;
    private static final int TS = 32;

    /** So many digits are an unsigned 64-bit number, whichever they are. */
    private static final int MAX_DIGITS = 19;

    /** So many digits are a double exactly, and so is the power of ten that it is divided by: the quotient is the nearest double. */
    private static final int WEIGHT_DIGITS = 15;

    private static final double[] TENS = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15
    };

    private final byte[] buffer;
    private final TenantId tenant;

    private int at;
    private int limit;

    /** The text or digits that were read last. */
    private int from;

    private int to;
    private long number;

    private int seen;
    private @Nullable String name;
    private long entity;
    private double weight;
    private long ts;

    /** The type of the line before, which most lines have, too. */
    private String type = "";

    private byte[] typeBytes = {};

    /**
     * @param buffer where the lines are
     * @param tenant whose signals these are
     */
    PlainLine(byte[] buffer, TenantId tenant) {
        this.buffer = buffer;
        this.tenant = tenant;
    }

    /**
     * Returns the signal of the line that begins there, or null if the line is empty or not as most are.
     *
     * @param begin where the line begins
     * @param limit where the buffer ends; a line that nothing ends, ends there
     */
    @Nullable
    Signal read(int begin, int limit) {
        this.at = begin;
        this.limit = limit;
        seen = 0;
        name = null;
        weight = 1.0;
        ts = Signal.NOW;
        if (!take('{')) {
            return null;
        }
        do {
            if (!field()) {
                return null;
            }
        } while (take(','));
        return take('}') && ends() ? signal() : null;
    }

    /** Returns where the line that was read ends: behind what ends it. */
    int end() {
        return at;
    }

    private @Nullable Signal signal() {
        if ((seen & SIGNAL) == 0 || (seen & (ENTITY | NAME)) == 0) {
            return null;
        }
        if (name == null) {
            return new Signal(type, EntityId.of(entity), null, weight, ts);
        }
        EntityId named = EntityNames.idOf(name);
        return (seen & ENTITY) == 0 || named.value() == entity ? new Signal(type, named, name, weight, ts) : null;
    }

    private boolean field() {
        if (!text()) {
            return false;
        }
        int field = known();
        if (field == 0 || (seen & field) != 0 || !take(':')) {
            return false;
        }
        seen |= field;
        return switch (field) {
            case TENANT -> digits() && number == tenant.value();
            case SIGNAL -> text() && type();
            case ENTITY -> digits() && entity();
            case NAME -> text() && name();
            case WEIGHT -> weight();
            default -> ts();
        };
    }

    private int known() {
        return switch (to - from) {
            case 2 -> is("ts") ? TS : 0;
            case 6 ->
                switch (buffer[from]) {
                    case 's' -> is("signal") ? SIGNAL : 0;
                    case 'e' -> is("entity") ? ENTITY : 0;
                    case 'w' -> is("weight") ? WEIGHT : 0;
                    default -> is("tenant") ? TENANT : 0;
                };
            case 11 -> is("entity_name") ? NAME : 0;
            default -> 0;
        };
    }

    private boolean is(String field) {
        for (int i = 0; i < field.length(); i++) {
            if (buffer[from + i] != field.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean entity() {
        entity = number;
        return true;
    }

    private boolean type() {
        if (!Arrays.equals(buffer, from, to, typeBytes, 0, typeBytes.length)) {
            typeBytes = Arrays.copyOfRange(buffer, from, to);
            type = new String(typeBytes, StandardCharsets.US_ASCII);
        }
        return true;
    }

    private boolean name() {
        name = new String(buffer, from, to - from, StandardCharsets.US_ASCII);
        return from < to && to - from <= EntityNames.MAX_BYTES;
    }

    private boolean ts() {
        skipBlanks();
        if (at < limit && buffer[at] == '"') {
            if (!text()) {
                return false;
            }
            ts = TimeText.common(buffer, from, to);
            if (ts >= 0) {
                return true;
            }
            at = from - 1;
        }
        boolean read = digits();
        ts = number;
        return read && ts >= 0;
    }

    /** Reads digits, in quotes or not, into {@link #number}. */
    private boolean digits() {
        boolean quoted = take('"');
        from = at;
        number = 0;
        addDigits();
        to = at;
        return (quoted ? closes() : isJson()) && from < to && to - from <= MAX_DIGITS;
    }

    private void addDigits() {
        while (at < limit && buffer[at] >= '0' && buffer[at] <= '9') {
            number = number * 10 + buffer[at++] - '0';
        }
    }

    // JSON has no number with zeros before others.
    private boolean isJson() {
        return to - from == 1 || from < to && buffer[from] != '0';
    }

    private boolean closes() {
        return at < limit && buffer[at++] == '"';
    }

    private boolean weight() {
        boolean quoted = take('"');
        boolean negative = at < limit && buffer[at] == '-';
        at += negative ? 1 : 0;
        number = 0;
        from = at;
        addDigits();
        to = at;
        int fraction = 0;
        boolean read = isJson();
        if (read && at < limit && buffer[at] == '.') {
            at++;
            addDigits();
            fraction = at - to - 1;
            read = fraction > 0;
        }
        if (!read || to - from + fraction > WEIGHT_DIGITS || quoted && !closes()) {
            return false;
        }
        double size = number / TENS[fraction];
        weight = negative ? -size : size;
        return true;
    }

    /** Reads a text of printable ASCII without escapes. */
    private boolean text() {
        if (!take('"')) {
            return false;
        }
        from = at;
        while (at < limit && buffer[at] >= ' ' && buffer[at] != '"' && buffer[at] != '\\' && buffer[at] != 0x7F) {
            at++;
        }
        to = at;
        return closes();
    }

    /** Goes beyond blanks and this character, if that is what comes. */
    private boolean take(char expected) {
        skipBlanks();
        if (at < limit && buffer[at] == expected) {
            at++;
            return true;
        }
        return false;
    }

    private void skipBlanks() {
        while (at < limit && (buffer[at] == ' ' || buffer[at] == '\t')) {
            at++;
        }
    }

    private boolean ends() {
        while (at < limit && (buffer[at] == ' ' || buffer[at] == '\t' || buffer[at] == '\r')) {
            at++;
        }
        return at == limit || buffer[at++] == '\n';
    }
}
