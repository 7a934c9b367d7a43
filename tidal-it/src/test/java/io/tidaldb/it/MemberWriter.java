package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/** Writes one after the other through some members until it is told to stop. */
final class MemberWriter implements AutoCloseable {

    private final TenantId tenant;
    private final ObjIntConsumer<Tenant> written;
    private final AtomicInteger count = new AtomicInteger();
    private final Thread thread;
    private volatile boolean over;
    private volatile @Nullable Throwable failure;

    /** @param written is given the tenant and the entity after each write */
    MemberWriter(TenantId tenant, ObjIntConsumer<Tenant> written, Tidal... through) {
        this.tenant = tenant;
        this.written = written;
        thread = new Thread(() -> write(through), "writer");
        thread.setDaemon(true);
        thread.start();
    }

    private void write(Tidal... through) {
        try {
            while (!over) {
                int number = count.get();
                Tidal tidal = through[number % through.length];
                tidal.tenant(tenant)
                        .orElseThrow()
                        .recordAll(
                                List.of(Signal.of("view", number, 1)),
                                WriteOptions.DEFAULT
                                        .with(new IdempotencyKey(7, number))
                                        .with(Duration.ofMinutes(1)));
                written.accept(tidal.tenant(tenant).orElseThrow(), number);
                count.incrementAndGet();
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    void awaitMore() {
        int before = count.get();
        Await.passes(
                () -> assertThat(failure != null || count.get() > before + 20).isTrue());
    }

    /** Returns how many were written; none has failed. */
    int end() throws InterruptedException {
        over = true;
        thread.join();
        assertThat(failure).isNull();
        return count.get();
    }

    @Override
    public void close() {
        over = true;
    }
}
