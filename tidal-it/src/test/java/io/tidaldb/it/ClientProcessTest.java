package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("R-52: A client of three processes")
class ClientProcessTest {

    private static final TenantId TENANT = TenantId.of(1);
    private static final TenantId WATCHED = TenantId.of(2);
    private static final int SESSIONS = 3;
    private static final int BATCH = 20;

    /** Signals a second, in writes of twenty. */
    private static final int RATE = Integer.getInteger("tidal.client.rate", 1_000);

    private static final int SECONDS = Integer.getInteger("tidal.client.seconds", 8);

    /** Whether the node that leads is the one that leads the control log, too; null for either. */
    private static final @Nullable String DECIDES = System.getProperty("tidal.client.decides");

    private static final long LONGEST_MILLIS = 10_000;

    @TempDir
    Path work;

    /** Writes and reads at a rate, whatever becomes of what is under way. */
    private static final class Load {

        final ClientTenant tenant;
        final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        final AtomicInteger written = new AtomicInteger();
        final AtomicInteger reads = new AtomicInteger();
        final AtomicLong lastNanos = new AtomicLong(System.nanoTime());
        final AtomicLong longestGapNanos = new AtomicLong();
        private final Semaphore open = new Semaphore(1_000);

        Load(ClientTenant tenant) {
            this.tenant = tenant;
        }

        private List<Signal> batch(int number) {
            return IntStream.range(0, BATCH)
                    .mapToObj(i -> Signal.of("view", number * BATCH + i, 1))
                    .toList();
        }

        int write() throws InterruptedException {
            int batches = RATE * SECONDS / BATCH;
            long begin = System.nanoTime();
            for (int number = 0; number < batches; number++) {
                long due = begin + number * (long) BATCH * 1_000_000_000L / RATE;
                while (System.nanoTime() < due) {
                    LockSupport.parkNanos(due - System.nanoTime());
                }
                open.acquire();
                tenant.recordAllAsync(batch(number), WriteOptions.DEFAULT.with(Duration.ofMinutes(1)))
                        .whenComplete((position, failure) -> done(failure));
            }
            assertThat(open.tryAcquire(1_000, 2, TimeUnit.MINUTES)).isTrue();
            return batches * BATCH;
        }

        private void done(Throwable failure) {
            if (failure != null) {
                failures.add(failure);
            } else {
                written.addAndGet(BATCH);
                long now = System.nanoTime();
                longestGapNanos.accumulateAndGet(now - lastNanos.getAndSet(now), Math::max);
            }
            open.release();
        }

        void read() {
            try {
                tenant.read("view", reads.incrementAndGet(), ReadOptions.DEFAULT);
            } catch (RuntimeException e) {
                failures.add(e);
            }
        }
    }

    @Test
    @DisplayName("R-52: fails no write and no read when the one that leads is killed under load, and each counts once")
    void killed() throws Exception {
        disturbed((cluster, leader) -> cluster.kill(leader));
    }

    static Stream<Long> stops() {
        return Stream.ofNullable(Long.getLong("tidal.client.stop"));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("stops")
    @DisplayName(
            "R-52: fails no write when the one that leads stands still under load and goes on later, and each counts once")
    void stopped(long seconds) throws Exception {
        disturbed((cluster, leader) -> {
            cluster.signal(leader, "STOP");
            LockSupport.parkNanos(seconds * 1_000_000_000L);
            cluster.signal(leader, "CONT");
        });
    }

    @Test
    @DisplayName(
            "R-40, R-52: fails no write when the wall clock of the one that leads jumps by three hours under load, ahead and back, and each counts once; others lead until it is right")
    void clockJumps() throws Exception {
        JumpingClocks clocks = new JumpingClocks(work);
        Map<String, String> environment = new HashMap<>(clocks.environment());
        environment.put("TIDAL_LIMITS_RETURN_AFTER", "1s");
        disturbed(environment, (cluster, leader) -> {
            for (int hours : new int[] {3, -3}) {
                clocks.jump(cluster.handle(leader), Duration.ofHours(hours));
                Await.passes(() -> assertThat(leader(cluster)).isNotEqualTo(leader));
                clocks.jump(cluster.handle(leader), Duration.ZERO);
                Await.passes(() -> assertThat(leader(cluster)).isEqualTo(leader));
            }
        });
    }

    /** Something that happens to the node that leads. */
    private interface Disturbance {

        void happen(ProcessCluster cluster, int leader) throws Exception;
    }

    private void disturbed(Disturbance disturbance) throws Exception {
        disturbed(Map.of(), disturbance);
    }

    private void disturbed(Map<String, String> environment, Disturbance disturbance) throws Exception {
        try (ProcessCluster cluster = new ProcessCluster(work, 3)) {
            cluster.up(environment);
            for (TenantId tenant : List.of(TENANT, WATCHED)) {
                create(cluster, tenant);
            }
            TidalClientBuilder builder = TidalClient.builder().cluster(cluster.name());
            IntStream.range(0, 3).forEach(node -> builder.seed(cluster.node(node), cluster.peer(node)));
            try (TidalClient client = builder.connect()) {
                Load load = new Load(client.tenant(TENANT));
                Thread kills = new Thread(() -> {
                    Await.passes(() -> assertThat(load.written.get()).isGreaterThan(RATE));
                    try {
                        disturbance.happen(cluster, leader(cluster));
                    } catch (Exception e) {
                        load.failures.add(e);
                    }
                });
                AtomicBoolean over = new AtomicBoolean();
                Thread reads = new Thread(() -> {
                    while (!over.get()) {
                        load.read();
                        LockSupport.parkNanos(10_000_000);
                    }
                });
                ClientHistory history = new ClientHistory();
                List<Thread> sessions = IntStream.range(0, SESSIONS)
                        .mapToObj(session -> new Thread(() -> {
                            try {
                                new HistorySession(client.tenant(WATCHED), history, session).run(over);
                            } catch (RuntimeException e) {
                                load.failures.add(e);
                            }
                        }))
                        .toList();
                kills.start();
                reads.start();
                sessions.forEach(Thread::start);
                int sent = load.write();
                kills.join();
                over.set(true);
                reads.join();
                for (Thread session : sessions) {
                    session.join();
                }
                long longest = load.longestGapNanos.get() / 1_000_000;
                System.out.printf(
                        "client: wrote %d signals, read %d times, longest time without an acknowledgement %d ms%n",
                        sent, load.reads.get(), longest);
                assertThat(load.failures).isEmpty();
                assertThat(longest).isLessThan(LONGEST_MILLIS);
                String servers = IntStream.range(0, 3).mapToObj(cluster::server).collect(Collectors.joining(","));
                HistorySession.found(servers, WATCHED, history);
                assertThat(HistoryCheck.problems(history)).isEmpty();
                System.out.printf(
                        "history: writes=%d reads=%d found=%d problems=0%n",
                        history.writes().size(),
                        history.reads().size(),
                        history.found().size());
                assertThat(load.written.get()).isEqualTo(sent);
                assertThat(client.tenant(TENANT).total("view")).isEqualTo(sent);
                List<EntityId> all =
                        IntStream.range(0, sent).mapToObj(EntityId::of).toList();
                for (int from = 0; from < sent; from += 1_000) {
                    assertThat(client.tenant(TENANT)
                                    .readAll(
                                            "view",
                                            all.subList(from, Math.min(sent, from + 1_000)),
                                            ReadOptions.DEFAULT))
                            .extracting(Reading::count)
                            .containsOnly(1L);
                }
            }
        }
    }

    private static void create(ProcessCluster cluster, TenantId tenant) {
        List<Object> words = new ArrayList<>(List.of(
                "tenant", "create", "--server", cluster.server(0), "--tenant", tenant, "--durability", "MAJORITY"));
        if (DECIDES != null) {
            int decider = decider(cluster);
            int leads = Boolean.parseBoolean(DECIDES) ? decider : (decider + 1) % 3;
            words.addAll(List.of("--shards", "r" + leads + ":s" + leads));
        }
        Cli.run(words.toArray()).done();
    }

    /** Returns the node that leads the control log. */
    private static int decider(ProcessCluster cluster) {
        String name = Cli.run("cluster", "status", "--server", cluster.server(0), "--output", "json")
                .done()
                .json()
                .path("leader")
                .asText();
        return Integer.parseInt(name.substring(1));
    }

    /** Returns the node that leads the tenant's first slot. */
    private static int leader(ProcessCluster cluster) {
        String shard = Cli.run("tenant", "show", "--server", cluster.server(0), "--tenant", 1, "--output", "json")
                .done()
                .json()
                .at("/shards/0")
                .asText();
        return Integer.parseInt(shard.substring(1, shard.indexOf(':')));
    }
}
