package io.tidaldb.server.quickstart;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Upgrades;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.importing.AckedEvents;
import io.tidaldb.server.importing.Acknowledgement;
import io.tidaldb.server.importing.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Every node in turn is drained, closed, opened again and brought back, while each tenant is written to and read without a break. A write is
 * tried again while another node is about to lead, as clients do; what still fails then, or any read that fails, is counted.
 */
final class RollingUpgrade {

    private static final long WRITE_EVERY_NANOS = 4_000_000;
    private static final long READ_EVERY_NANOS = 10_000_000;
    private static final long UNTIL_ADOPTED_NANOS = 10_000_000_000L;
    private static final String ENTITY = "quickstart-upgrade";

    /** Sets the keys of these writes apart from all others. */
    private static final long UPGRADE = 0x75706772616465L;

    private final Tidal tidal;
    private final TenantPlan plan;
    private final AckedEvents acks;
    private final Consumer<String> notes;
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong event = new AtomicLong();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong writesFailed = new AtomicLong();
    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong readsFailed = new AtomicLong();

    RollingUpgrade(Tidal tidal, TenantPlan plan, AckedEvents acks, Consumer<String> notes) {
        this.tidal = tidal;
        this.plan = plan;
        this.acks = acks;
        this.notes = notes;
    }

    /** Upgrades all nodes; returns the section of the report. */
    ObjectNode run() throws InterruptedException {
        List<Tenant> tenants = plan.tenants().stream()
                .map((TenantConfig config) -> tidal.tenant(config.id()).orElseThrow())
                .toList();
        long before = total(tenants);
        List<Thread> load = new ArrayList<>();
        tenants.forEach(tenant -> {
            load.add(new Thread(() -> write(tenant), "tidal-upgrade-writer-" + tenant.id()));
            load.add(new Thread(() -> read(tenant), "tidal-upgrade-reader-" + tenant.id()));
        });
        load.forEach(Thread::start);
        ObjectNode section = Json.object();
        ArrayNode nodes = section.putArray("nodes");
        try {
            for (Upgrades.Step step : tidal.upgrades().plan()) {
                nodes.add(upgrade(step.node()));
            }
        } finally {
            over.set(true);
            for (Thread thread : load) {
                thread.join();
            }
        }
        long missing = missing(tenants, before);
        long asked = reads.get() + readsFailed.get();
        return section.put("signals", written.get())
                .put("reads", reads.get())
                .put("reads_failed", readsFailed.get())
                .put("writes_failed", writesFailed.get())
                .put("missing", missing)
                .put("query_availability", asked == 0 ? 0.0 : (double) reads.get() / asked);
    }

    // What the last leader took until it was told of the next one counts as soon as that one has it.
    private long missing(List<Tenant> tenants, long before) {
        long deadline = System.nanoTime() + UNTIL_ADOPTED_NANOS;
        long missing = before + written.get() - total(tenants);
        while (missing > 0 && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(READ_EVERY_NANOS);
            missing = before + written.get() - total(tenants);
        }
        return missing;
    }

    private ObjectNode upgrade(NodeId node) {
        tidal.upgrades()
                .drain(node, false, Upgrades.DRAIN_TIMEOUT)
                .toCompletableFuture()
                .join();
        long drained = status(node).drainMillis();
        tidal.stopNode(node);
        tidal.startNode(node);
        tidal.upgrades().rejoin(node).toCompletableFuture().join();
        long rejoined = status(node).rejoinMillis();
        notes.accept("Replaced node " + node + ": drained in " + drained + " ms, back in " + rejoined + " ms");
        return Json.object().put("node", node.name()).put("drain_ms", drained).put("rejoin_ms", rejoined);
    }

    private Upgrades.NodeStatus status(NodeId node) {
        return tidal.upgrades().status().stream()
                .filter(each -> each.node().equals(node))
                .findFirst()
                .orElseThrow();
    }

    private long total(List<Tenant> tenants) {
        return tenants.stream().mapToLong(tenant -> tenant.total(plan.signal())).sum();
    }

    private void write(Tenant tenant) {
        for (long next = System.nanoTime(); !over.get(); next += WRITE_EVERY_NANOS) {
            pauseUntil(next);
            long number = event.getAndIncrement();
            // Weight 0, at the end of history: what is written here changes no score and no ranking.
            Signal signal = new Signal(
                    plan.signal(), EntityNames.idOf(ENTITY), ENTITY, 0, Math.max(0, plan.lastEventNanos() - number));
            record(tenant, signal, new IdempotencyKey(UPGRADE, number));
        }
    }

    private void record(Tenant tenant, Signal signal, IdempotencyKey key) {
        long deadline = System.nanoTime() + WriteOptions.DEFAULT.deadline().toNanos();
        while (true) {
            try {
                Position position = tenant.recordAll(List.of(signal), WriteOptions.DEFAULT.with(key));
                written.incrementAndGet();
                WalSegmentId last = position.records().get(0);
                acks.acknowledged(new Acknowledgement(
                        0,
                        tenant.id(),
                        Position.of(last),
                        signal.type(),
                        signal.entity(),
                        signal.name(),
                        (float) signal.weight(),
                        signal.eventNanos()));
                return;
            } catch (TidalException e) {
                if (!e.isRetryable() || System.nanoTime() - deadline > 0) {
                    writesFailed.incrementAndGet();
                    return;
                }
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    private void read(Tenant tenant) {
        for (long next = System.nanoTime(); !over.get(); next += READ_EVERY_NANOS) {
            pauseUntil(next);
            try {
                tenant.read(plan.signal(), ENTITY, ReadOptions.DEFAULT);
                reads.incrementAndGet();
            } catch (TidalException e) {
                readsFailed.incrementAndGet();
            }
        }
    }

    private static void pauseUntil(long nanos) {
        long left = nanos - System.nanoTime();
        if (left > 0) {
            LockSupport.parkNanos(left);
        }
    }
}
