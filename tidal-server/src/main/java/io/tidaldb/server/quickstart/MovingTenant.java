package io.tidaldb.server.quickstart;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.server.importing.AckSink;
import io.tidaldb.server.importing.AckedEvents;
import io.tidaldb.server.importing.Acknowledgement;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.importing.Verification;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** One tenant moves to another shard in another region while it is read and written without a break; then everything is read back. */
final class MovingTenant {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String ENTITY = "quickstart-mover";
    private static final int LOOK_MILLIS = 5;

    private final Tidal tidal;
    private final Tenant tenant;
    private final String signal;
    private final long lastEventNanos;
    private final AckSink acks;
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong readsFailed = new AtomicLong();
    private final AtomicLong writesFailed = new AtomicLong();

    MovingTenant(Tidal tidal, Tenant tenant, TenantPlan plan, AckSink acks) {
        this.tidal = tidal;
        this.tenant = tenant;
        this.signal = plan.signal();
        this.lastEventNanos = plan.lastEventNanos();
        this.acks = acks;
    }

    /** Moves it; returns the section of the report. */
    ObjectNode run(AckedEvents acked, PluginCatalog catalog, String wal, List<Path> nodes) throws InterruptedException {
        ReplicaId from = tenant.placement().get(0);
        ReplicaId to = new ReplicaId(
                RegionId.of((from.region().value() + 2) % nodes.size()),
                ShardId.of((from.shard().value() + 2) % nodes.size()));
        Thread writer = new Thread(this::write, "tidal-mover-0");
        Thread reader = new Thread(this::read, "tidal-mover-1");
        writer.start();
        reader.start();
        MigrationStatus end;
        try {
            long id = tidal.migrations().start(tenant.id(), from, to, MigrationOptions.DEFAULT.holding(Duration.ZERO));
            end = await(id);
        } finally {
            over.set(true);
            writer.join();
            reader.join();
        }
        Verification verification = Verification.of(tidal, acked);
        return Json.object()
                .put("tenant", Long.toUnsignedString(tenant.id().value()))
                .put("from", from.toString())
                .put("to", to.toString())
                .put("records", tenant.usage().accepted())
                .put("state", end.state().name())
                .put("write_pause_ms", end.writePause().orElse(Duration.ZERO).toNanos() / 1e6)
                .put("reads_failed", readsFailed.get())
                .put("writes_failed", writesFailed.get())
                .put("missing", verification.missing())
                .put("duplicated", verification.duplicated())
                .put("source_records_after_gc", recordsOf(from.shard(), catalog, wal, nodes));
    }

    /** Returns whether a section says that all went well. */
    static boolean isOk(ObjectNode section) {
        return section.path("state").asText().equals("COMPLETE")
                && List.of("reads_failed", "writes_failed", "missing", "duplicated", "source_records_after_gc").stream()
                        .allMatch(field -> section.path(field).asLong() == 0);
    }

    private MigrationStatus await(long id) throws InterruptedException {
        long begun = System.nanoTime();
        while (true) {
            MigrationStatus status = tidal.migrations().find(id).orElseThrow();
            if (status.state().isOver() || System.nanoTime() - begun > PATIENCE.toNanos()) {
                return status;
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    // Weight 0, at the end of history: what it leaves behind changes no score and no ranking.
    private void write() {
        long event = 0;
        while (!over.get()) {
            event++;
            Signal next = new Signal(signal, EntityNames.idOf(ENTITY), ENTITY, 0, Math.max(0, lastEventNanos - event));
            try {
                Position position = tenant.recordAll(List.of(next), WriteOptions.DEFAULT);
                WalSegmentId last = position.records().get(0);
                acks.acknowledged(new Acknowledgement(
                        0,
                        tenant.id(),
                        Position.of(last),
                        next.type(),
                        next.entity(),
                        next.name(),
                        (float) next.weight(),
                        next.eventNanos()));
            } catch (RuntimeException e) {
                writesFailed.incrementAndGet();
            }
        }
    }

    private void read() {
        while (!over.get()) {
            try {
                tenant.read(signal, ENTITY, ReadOptions.DEFAULT);
                tenant.total(signal);
            } catch (RuntimeException e) {
                readsFailed.incrementAndGet();
            }
        }
    }

    /** Returns how many records of the tenant a shard holds, on whichever node, in whichever file. */
    private long recordsOf(ShardId holder, PluginCatalog catalog, String wal, List<Path> nodes) {
        AtomicLong records = new AtomicLong();
        WalStoreFactory stores = catalog.choose(WalStoreFactory.class, wal);
        for (Path node : nodes) {
            stores.inspect(node, new WalInspection() {
                @Override
                public void file(String file, long bytes) {}

                @Override
                public void batch(LogId log, String file, long offset, WalBatch batch) {
                    if (log.tenant().equals(tenant.id()) && log.holder().equals(holder)) {
                        records.addAndGet(batch.count());
                    }
                }

                @Override
                public void tornTail(String file, long offset, long bytes) {}

                @Override
                public void damage(String file, long offset, String expected, String actual) {}
            });
        }
        return records.get();
    }
}
