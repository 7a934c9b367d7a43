package io.tidaldb.bench;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ServiceLoader;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A log store plugin as the write path uses it: one batch for each tenant in the group, then one sync. */
final class StoreSink implements GroupSink {

    private static final Origin ORIGIN = new Origin(RegionId.of(0), ShardId.of(0), 0);
    private static final int BACKGROUND_TASKS = 1024;
    // As many as a node gives its store.
    private static final int BACKGROUND_THREADS = 4;

    private final ThreadPoolExecutor background;
    private final WalStore store;
    private final int recordBytes;
    private final LogId[] logs;
    private final long[] lastSeqnos;
    private final int[] counts;
    private final int[] touched;
    private final ByteBuffer buffer;
    private final boolean synced;

    StoreSink(String plugin, Path directory, int tenants, int recordBytes, int maxGroup, boolean synced) {
        this.synced = synced;
        // When the queue is full the committing thread does the work itself, as it would in production.
        background = new ThreadPoolExecutor(
                BACKGROUND_THREADS,
                BACKGROUND_THREADS,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(BACKGROUND_TASKS),
                task -> new Thread(task, "tidal-bench-background-0"),
                new ThreadPoolExecutor.CallerRunsPolicy());
        store = factory(plugin)
                .create(new WalStoreContext(
                        directory, ORIGIN.region(), WalStoreContext.DEFAULT_SEGMENT_BYTES, background));
        this.recordBytes = recordBytes;
        logs = new LogId[tenants];
        lastSeqnos = new long[tenants];
        counts = new int[tenants];
        touched = new int[tenants];
        for (int tenant = 0; tenant < tenants; tenant++) {
            logs[tenant] = LogId.own(TenantId.of(tenant + 1L), ORIGIN);
            lastSeqnos[tenant] = store.status(logs[tenant]).lastSeqno();
        }
        buffer = ByteBuffer.allocate(WalBatch.HEADER_BYTES + maxGroup * recordBytes)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void commit(int[] tenants, int count) {
        int distinct = 0;
        for (int i = 0; i < count; i++) {
            if (counts[tenants[i]]++ == 0) {
                touched[distinct++] = tenants[i];
            }
        }
        for (int i = 0; i < distinct; i++) {
            append(touched[i], counts[touched[i]]);
            counts[touched[i]] = 0;
        }
        if (synced) {
            store.sync();
        }
    }

    private void append(int tenant, int records) {
        // Not the kind SIGNALS, whose records have a size of their own.
        WalBatch.writeHeader(
                buffer,
                RecordKind.SESSIONS,
                0,
                lastSeqnos[tenant] + 1,
                records,
                records * recordBytes,
                logs[tenant].tenant(),
                ORIGIN,
                0);
        store.append(logs[tenant], WalBatch.seal(buffer, 0));
        lastSeqnos[tenant] += records;
    }

    @Override
    public void close() throws InterruptedException {
        try {
            store.close();
        } finally {
            background.shutdown();
            background.awaitTermination(10, TimeUnit.SECONDS);
        }
    }

    /** Returns the plugin with this name, from the class path. */
    private static WalStoreFactory factory(String name) {
        return ServiceLoader.load(WalStoreFactory.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(factory -> factory.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no log store plugin is named \"" + name + "\": expected one that is on the class path"));
    }
}
