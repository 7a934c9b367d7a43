package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.client.ClientTenant;
import io.tidaldb.core.client.TidalClient;
import io.tidaldb.core.client.TidalClientBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tidal.loss.rate}: signals a second, 1,000 unless set; {@code tidal.loss.seconds}: for how long, 6 unless set. */
@DisplayName("F-53: What is acknowledged at LOCAL when the node that leads is killed")
class RecoveryPointTest {

    private static final TenantId TENANT = TenantId.of(1);
    private static final int BATCH = 20;
    private static final int UNDER_WAY = 1_000;
    private static final int RATE = Integer.getInteger("tidal.loss.rate", 1_000);
    private static final int SECONDS = Integer.getInteger("tidal.loss.seconds", 6);
    private static final int BATCHES = RATE * SECONDS / BATCH;

    @TempDir
    Path work;

    /** When each write was acknowledged, in nanoseconds; 0 before it was. */
    private final AtomicLongArray acknowledged = new AtomicLongArray(BATCHES);

    private final AtomicLong lastNanos = new AtomicLong();
    private final AtomicLong longestGapNanos = new AtomicLong();
    private final Semaphore open = new Semaphore(UNDER_WAY);

    private static List<Signal> batch(int number) {
        return IntStream.range(0, BATCH)
                .mapToObj(i -> Signal.of("view", number * BATCH + i, 1))
                .toList();
    }

    private void send(ClientTenant tenant, int number) throws InterruptedException {
        open.acquire();
        tenant.recordAllAsync(batch(number), WriteOptions.DEFAULT.with(Duration.ofMinutes(1)))
                .whenComplete((position, failure) -> {
                    long now = System.nanoTime();
                    if (failure == null) {
                        acknowledged.set(number, now);
                        longestGapNanos.accumulateAndGet(now - lastNanos.getAndSet(now), Math::max);
                    }
                    open.release();
                });
    }

    /** Returns the writes that were acknowledged and are not there, by when they were. */
    private NavigableMap<Long, Integer> missing(ClientTenant tenant) {
        NavigableMap<Long, Integer> missing = new ConcurrentSkipListMap<>();
        List<EntityId> all = IntStream.range(0, BATCHES)
                .mapToObj(number -> EntityId.of((long) number * BATCH))
                .toList();
        for (int from = 0; from < BATCHES; from += 1_000) {
            List<EntityId> some = all.subList(from, Math.min(BATCHES, from + 1_000));
            List<Reading> there = tenant.readAll("view", some, ReadOptions.DEFAULT);
            for (int i = 0; i < some.size(); i++) {
                if (acknowledged.get(from + i) != 0 && there.get(i).count() == 0) {
                    missing.put(acknowledged.get(from + i), from + i);
                }
            }
        }
        return missing;
    }

    /** Returns how far followers of what a node leads are behind, in milliseconds, as the cluster says; nothing where it does not know. */
    private static List<Long> lags(ProcessCluster cluster, int leader, int seenBy) {
        JsonNode shards = Cli.run("cluster", "status", "--server", cluster.server(seenBy), "--output", "json")
                .done()
                .json()
                .get("shards");
        List<Long> lags = new ArrayList<>();
        for (JsonNode shard : shards) {
            if (shard.get("node").asText().equals(cluster.node(leader).name())) {
                shard.get("replication_lag")
                        .forEach(lag -> lags.add(lag.get("ms").asLong()));
            }
        }
        return lags.stream().filter(lag -> lag >= 0).toList();
    }

    @Test
    @DisplayName("F-53: what it had not shipped is missing until it is back, and then nothing is")
    void killed() throws Exception {
        try (ProcessCluster cluster = new ProcessCluster(work, 3)) {
            cluster.up();
            Cli.run("tenant", "create", "--server", cluster.server(0), "--tenant", TENANT)
                    .done();
            int leader = Integer.parseInt(
                    Cli.run("tenant", "show", "--server", cluster.server(0), "--tenant", TENANT, "--output", "json")
                            .done()
                            .json()
                            .at("/shards/0")
                            .asText()
                            .substring(1, 2));
            int other = (leader + 1) % 3;
            TidalClientBuilder builder = TidalClient.builder().cluster(cluster.name());
            IntStream.range(0, 3).forEach(node -> builder.seed(cluster.node(node), cluster.peer(node)));
            try (TidalClient client = builder.connect()) {
                ClientTenant tenant = client.tenant(TENANT);
                List<Long> lags = new ArrayList<>();
                Thread kills = new Thread(() -> {
                    while (acknowledged.get(BATCHES / 2) == 0) {
                        lags.addAll(lags(cluster, leader, other));
                        LockSupport.parkNanos(50_000_000);
                    }
                    cluster.kill(leader);
                });
                kills.start();
                long begin = System.nanoTime();
                lastNanos.set(begin);
                for (int number = 0; number < BATCHES; number++) {
                    long due = begin + number * (long) BATCH * 1_000_000_000L / RATE;
                    while (System.nanoTime() < due) {
                        LockSupport.parkNanos(due - System.nanoTime());
                    }
                    send(tenant, number);
                }
                kills.join();
                assertThat(open.tryAcquire(UNDER_WAY, 2, TimeUnit.MINUTES)).isTrue();
                NavigableMap<Long, Integer> missing = missing(tenant);
                cluster.up();
                Await.passes(() -> {
                    assertThat(missing(tenant)).isEmpty();
                    assertThat(tenant.total("view")).isEqualTo((long) BATCHES * BATCH);
                });
                Collections.sort(lags);
                System.out.printf(
                        "loss: wrote %d signals at %d/s, longest time without an acknowledgement %d ms; until it was back"
                                + " %d were missing, of the last %d ms; lag before: median %d ms, most %d ms of %d looks%n",
                        BATCHES * BATCH,
                        RATE,
                        longestGapNanos.get() / 1_000_000,
                        missing.size() * BATCH,
                        missing.isEmpty() ? 0 : (missing.lastKey() - missing.firstKey()) / 1_000_000,
                        lags.isEmpty() ? -1 : lags.get(lags.size() / 2),
                        lags.isEmpty() ? -1 : lags.get(lags.size() - 1),
                        lags.size());
            }
        }
    }
}
