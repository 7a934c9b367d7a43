package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.Tidal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what must come true, however long the machine takes. */
final class Await {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Duration PAUSE = Duration.ofMillis(10);

    private Await() {}

    static void until(BooleanSupplier condition) {
        long begun = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).as("time").isLessThan(PATIENCE);
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    /** Waits until something can be asserted. */
    static void passes(Runnable assertions) {
        long begun = System.nanoTime();
        while (true) {
            try {
                assertions.run();
                return;
            } catch (AssertionError | TidalException e) {
                if (System.nanoTime() - begun > PATIENCE.toNanos()) {
                    throw e;
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    /** Waits until followers are known, and none of them lacks a record. */
    static void noLag(Tidal tidal) {
        until(() -> {
            List<ClusterHealth.Lag> lags = tidal.health().shards().stream()
                    .flatMap(shard -> shard.replicationLag().values().stream())
                    .toList();
            return !lags.isEmpty() && lags.stream().allMatch(lag -> lag.records() == 0);
        });
    }
}
