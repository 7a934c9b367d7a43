package io.tidaldb.server.metrics;

import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tidal;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Looks at a store once for all meters of a scrape. Guarded by its own lock. */
final class FigureCache implements Supplier<StoreFigures> {

    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Tidal tidal;
    private StoreFigures figures = StoreFigures.NONE;
    private long takenNanos;
    private boolean taken;

    FigureCache(Tidal tidal) {
        this.tidal = tidal;
    }

    @Override
    public synchronized StoreFigures get() {
        long now = System.nanoTime();
        if (!taken || now - takenNanos >= FRESH_NANOS) {
            try {
                figures = StoreFigures.of(tidal.health(), tidal.scrub());
            } catch (TidalException e) {
                // Closed, or closing: what was said last stays.
                return figures;
            }
            takenNanos = System.nanoTime();
            taken = true;
        }
        return figures;
    }
}
