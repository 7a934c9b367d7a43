package io.tidaldb.core.backup.tenant;

import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.ingest.CopyThrottle;
import io.tidaldb.core.ingest.ForegroundLatency;
import io.tidaldb.core.ingest.TenantShard;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Reads or appends what is in a backup, in stretches, as fast as other tenants' writes to the same nodes leave room for it.
 *
 * <p>Confined to one thread.
 */
final class PacedCopy {

    private static final int STRETCH_BYTES = 512 << 10;

    private final Instance tidal;
    private final CopyThrottle throttle;

    PacedCopy(Instance tidal) {
        this.tidal = tidal;
        this.throttle = new CopyThrottle(0, now());
    }

    private long now() {
        return tidal.clock().monotonicNanos();
    }

    /** Returns how many bytes a stretch may have. */
    int most() {
        return throttle.chunk(STRETCH_BYTES);
    }

    /**
     * Waits until a stretch may be copied, and then until it is.
     *
     * @param bytes says how many it had
     */
    <T> T copy(TenantShard shard, Supplier<CompletableFuture<T>> stretch, ToLongFunction<T> bytes) {
        for (long wait = throttle.waitNanos(now()); wait > 0; wait = throttle.waitNanos(now())) {
            tidal.await(tidal.pause(Duration.ofNanos(wait)));
        }
        ForegroundLatency foreground = tidal.node(shard).foreground();
        long begun = now();
        foreground.copyBegins();
        T copied;
        try {
            copied = tidal.await(stretch.get());
        } finally {
            foreground.copyEnded();
        }
        long copiedBytes = bytes.applyAsLong(copied);
        throttle.sending(copiedBytes, begun);
        throttle.sent(copiedBytes, foreground.sample(), null, now());
        return copied;
    }
}
