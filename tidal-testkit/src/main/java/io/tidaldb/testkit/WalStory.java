package io.tidaldb.testkit;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What somebody does with a store, step by step from a seed, and what was promised meanwhile: appends, syncs, flushes, truncations,
 * deletions, purges, closes. Says of any directory whether it keeps the promises: all that was acknowledged, nothing that was never written.
 *
 * <p>For authors of stores: let it be told on a disk that fails or loses its power at some call. Not thread-safe.
 */
public final class WalStory {

    /** Begins what {@link #broken(Path, boolean)} returns if the store could not be opened. */
    public static final String REFUSED = "refused: ";

    private static final int LOGS = 4;
    private static final int HEADER = WalBatch.HEADER_BYTES;

    /** What is promised of a log: which life it is in, where it begins, what is acknowledged, and what was written at all. */
    private record Promise(int life, long base, long synced, long appended) {

        Promise acknowledged() {
            return new Promise(life, base, appended, appended);
        }
    }

    private final Opener opener;
    private final boolean syncsInPassing;
    private final Path directory;
    private final Random random;
    private final int lag;
    private final ArrayDeque<Runnable> background = new ArrayDeque<>();
    private final Promise[] promises = new Promise[LOGS];
    // What the step under way makes of a log, if it is done; null where it changes nothing.
    private final @Nullable Promise[] next = new Promise[LOGS];
    private @Nullable WalStore store;
    private int acknowledgements;

    /** Opens a store. */
    public interface Opener {

        /**
         * Opens the store in a directory.
         *
         * @param background runs what the store does off the committing thread
         */
        WalStore open(Path directory, Executor background);
    }

    /**
     * Begins a story.
     *
     * @param opener opens the store
     * @param syncsInPassing whether a flush, a truncation and a purge make durable what was appended, as stores may and need not
     * @param directory where the store is
     * @param seed what is done, and in which order
     * @param lag work in the background is done one step in so many; at once if 0
     */
    public WalStory(Opener opener, boolean syncsInPassing, Path directory, long seed, int lag) {
        this.opener = opener;
        this.syncsInPassing = syncsInPassing;
        this.directory = directory;
        this.random = new Random(seed);
        this.lag = lag;
        for (int i = 0; i < LOGS; i++) {
            promises[i] = new Promise(0, 1, 0, 0);
        }
    }

    private static LogId log(int index) {
        ShardId shard = ShardId.of(index == 3 ? 1 : 0);
        return LogId.own(TenantId.of(1 + index / 2), new Origin(RegionId.of(index % 2), shard, 0));
    }

    /** Returns how often everything was acknowledged. */
    public int acknowledgements() {
        return acknowledgements;
    }

    /**
     * Goes on by some steps; what one was refused for want of room is left out.
     *
     * @throws TidalException at the first failure of the store
     */
    public void tell(int steps) {
        for (int i = 0; i < steps; i++) {
            WalStore open = store;
            if (open == null) {
                store = reopened(opener.open(directory, lag == 0 ? Runnable::run : background::add));
            } else {
                try {
                    step(open);
                } catch (TidalException e) {
                    if (e.code() != ErrorCode.STORAGE_FULL) {
                        throw e;
                    }
                    refused(open);
                }
            }
        }
    }

    private void refused(WalStore open) {
        if (store != null) {
            reopened(open);
        }
        settle(false);
    }

    /** Of what was not acknowledged, a refusal and a close that was refused take something back. */
    private WalStore reopened(WalStore open) {
        for (int i = 0; i < LOGS; i++) {
            Promise now = promises[i];
            long last = open.status(log(i)).lastSeqno();
            promises[i] = new Promise(now.life, now.base, now.synced, Math.max(now.synced, last));
        }
        return open;
    }

    private void step(WalStore open) {
        if (lag > 0 && random.nextInt(lag) == 0 && !background.isEmpty()) {
            background.remove().run();
        }
        int index = random.nextInt(LOGS);
        LogId log = log(index);
        Promise now = promises[index];
        switch (random.nextInt(40)) {
            // What concerns one log says nothing of the others, which may be durable by it or not.
            case 0 -> {
                next[index] = new Promise(now.life + 1, 1, 0, 0);
                open.delete(log);
                settle(true);
            }
            case 1 -> {
                if (now.appended >= now.base) {
                    long keep = now.base + random.nextLong(now.appended - now.base + 2);
                    next[index] = new Promise(now.life, keep, syncsInPassing ? now.appended : now.synced, now.appended);
                    open.truncateBefore(log, keep, keep);
                    settle(true);
                }
            }
            case 2 -> {
                next[index] = syncsInPassing ? now.acknowledged() : now;
                open.flush(log);
                settle(true);
            }
            case 3 -> {
                if (syncsInPassing) {
                    acknowledge();
                }
                open.purge();
                settle(true);
            }
            case 4 -> {
                acknowledge();
                store = null;
                open.close();
                settle(true);
                background.clear();
            }
            case 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 -> {
                acknowledge();
                open.sync();
                settle(true);
                acknowledgements++;
            }
            default -> {
                long seqno = now.appended + 1;
                promises[index] = new Promise(now.life, now.base, now.synced, seqno);
                try {
                    open.append(log, batch(log, now.life, seqno));
                } catch (TidalException e) {
                    promises[index] = now;
                    throw e;
                }
            }
        }
    }

    private void acknowledge() {
        for (int i = 0; i < LOGS; i++) {
            next[i] = promises[i].acknowledged();
        }
    }

    private void settle(boolean done) {
        for (int i = 0; i < LOGS; i++) {
            Promise then = next[i];
            if (done && then != null) {
                promises[i] = then;
            }
            next[i] = null;
        }
    }

    /** Leaves the store as a process that ends. */
    public void abandon() {
        WalStore open = store;
        if (open != null) {
            open.abandon();
        }
    }

    /** Leaves it in order. */
    public void close() {
        WalStore open = store;
        if (open != null) {
            acknowledge();
            open.close();
            settle(true);
        }
    }

    private static WalBatch batch(LogId log, int life, long seqno) {
        int size =
                (int) (seqno % 23 == 0 ? 9_000 : 16 + (seqno * 97 + log.tenant().value() * 31) % 700);
        ByteBuffer bytes = ByteBuffer.allocate(HEADER + size).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < size; i++) {
            bytes.put(HEADER + i, (byte)
                    (seqno * 31 + i * 7L + life * 13L + log.origin().region().value()));
        }
        WalBatch.writeHeader(bytes, RecordKind.SIGNALS, 0, seqno, 1, size, log.tenant(), log.origin(), seqno << 16);
        return WalBatch.seal(bytes, seqno * 0x9E3779B97F4A7C15L);
    }

    /**
     * Opens a directory, and returns what of the promises it does not keep; null if it keeps them.
     *
     * @param goesOn whether something is written to it then
     */
    public @Nullable String broken(Path left, boolean goesOn) {
        try (WalStore opened = opener.open(left, Runnable::run)) {
            for (int i = 0; i < LOGS; i++) {
                String problem = broken(opened, i);
                if (problem != null) {
                    return problem;
                }
            }
            if (goesOn) {
                goOn(opened);
            }
            return null;
        } catch (TidalException e) {
            return REFUSED + e.getMessage();
        }
    }

    private static void goOn(WalStore opened) {
        LogId log = log(0);
        opened.append(log, batch(log, 99, opened.status(log).lastSeqno() + 1));
        opened.sync();
    }

    private @Nullable String broken(WalStore opened, int index) {
        LogId log = log(index);
        if (opened.status(log).damage() != null) {
            return log + " is quarantined: " + opened.status(log).damage();
        }
        List<WalBatch> batches = new ArrayList<>();
        try (WalCursor cursor = opened.read(log, 0)) {
            for (WalBatch batch = cursor.next(); batch != null; batch = cursor.next()) {
                batches.add(batch);
            }
        }
        long last = opened.status(log).lastSeqno();
        Promise then = next[index];
        String problem = broken(promises[index], log, batches, last);
        return problem == null || then == null
                ? problem
                : either(problem, broken(then, log, batches, last), then, index, log, batches, last);
    }

    // A step that was under way may have been done for one log, or have begun a log's next life from any acknowledged
    // state.
    private @Nullable String either(
            String one, @Nullable String other, Promise then, int index, LogId log, List<WalBatch> batches, long last) {
        if (other == null) {
            return null;
        }
        Promise now = promises[index];
        Promise between = new Promise(now.life, now.base, now.appended, now.appended);
        return broken(between, log, batches, last) == null ? null : one + ", nor " + then + ": " + other;
    }

    private static @Nullable String broken(Promise promise, LogId log, List<WalBatch> batches, long last) {
        if (last < promise.synced || last > promise.appended) {
            return log + " ends at " + last + " instead of " + promise;
        }
        long expected = promise.base;
        for (WalBatch batch : batches) {
            if (batch.firstSeqno() != expected) {
                return log + " goes on with " + batch.firstSeqno() + " instead of " + expected + ", " + promise;
            }
            WalBatch written = batch(log, promise.life, expected);
            byte[] is = new byte[batch.length()];
            byte[] was = new byte[written.length()];
            batch.copyTo(ByteBuffer.wrap(is));
            written.copyTo(ByteBuffer.wrap(was));
            if (!Arrays.equals(is, was)) {
                return log + " has something else at " + expected + " than was written, " + promise;
            }
            expected++;
        }
        return expected == last + 1 ? null : log + " is read to " + (expected - 1) + " instead of " + last;
    }
}
