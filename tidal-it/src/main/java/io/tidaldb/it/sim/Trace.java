package io.tidaldb.it.sim;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What happened, one line each: virtual nanoseconds, who, what. The same seed gives the same bytes. Whoever adds to it asks first whether it
 * is on, so that it costs nothing when it is off.
 */
public final class Trace implements AutoCloseable {

    private static final long FNV_OFFSET = 0xCBF29CE484222325L;
    private static final long FNV_PRIME = 0x100000001B3L;

    private final boolean on;
    private final @Nullable Writer file;
    private final StringBuilder line = new StringBuilder();
    private long hash = FNV_OFFSET;
    private long lines;

    private Trace(boolean on, @Nullable Writer file) {
        this.on = on;
        this.file = file;
    }

    /** Returns a trace that keeps nothing. */
    public static Trace off() {
        return new Trace(false, null);
    }

    /** Returns a trace that keeps a hash of its bytes only. */
    public static Trace hashing() {
        return new Trace(true, null);
    }

    /** Returns a trace that is written to a file. */
    public static Trace to(Path file) {
        try {
            return new Trace(true, Files.newBufferedWriter(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether lines are kept. */
    public boolean isOn() {
        return on;
    }

    /** Adds a line. */
    public void add(long nanos, String who, String what) {
        if (!on) {
            return;
        }
        line.setLength(0);
        line.append(nanos).append(' ').append(who).append(' ').append(what).append('\n');
        for (int i = 0; i < line.length(); i++) {
            hash = (hash ^ line.charAt(i)) * FNV_PRIME;
        }
        lines++;
        if (file != null) {
            try {
                file.append(line);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Returns a hash of all lines. */
    public long hash() {
        return hash;
    }

    /** Returns how many lines there are. */
    public long lines() {
        return lines;
    }

    @Override
    public void close() {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
