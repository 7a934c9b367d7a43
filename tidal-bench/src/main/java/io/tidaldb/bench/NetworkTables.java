package io.tidaldb.bench;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.client.TidalClient;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;

/** Nodes as processes: what the network and replicas cost. Clients, nodes and peers share the processors, which the figures contain. */
final class NetworkTables {

    private static final int NODES = 3;
    private static final int THREADS = 8;
    private static final int UNDER_WAY = 256;
    private static final int SIGNALS_A_WRITE = 100;
    private static final int EMBEDDED_UNDER_WAY = 100_000;
    // As many as a client may have, and less than a node takes uploads.
    private static final int CLIENT_UNDER_WAY = 4_096;
    private static final int HTTP_UNDER_WAY = 64;
    private static final String TIDAL = "tidal, MAJORITY";
    private static final String KAFKA = "kafka, acks=all";

    private NetworkTables() {}

    static Table replication(String command) {
        return new Table(
                        "Replication",
                        "Three nodes and three brokers, each a process, on one disk, and clients in another: " + THREADS
                                + " threads with "
                                + UNDER_WAY
                                + " writes under way each, and one thread that waits. Tidal: the client over Netty, signals of 21"
                                + " bytes, " + SIGNALS_A_WRITE
                                + " a write unless it says otherwise (one a write where a thread waits),"
                                + " acknowledged when two nodes have synced them. Kafka: " + KafkaBrokers.SETTINGS
                                + " Processor time is that of all nodes and of the client, a record.",
                        Figure.RATE)
                .add(pipelined(command))
                .add(waiting(command));
    }

    private static Workload pipelined(String command) {
        Shared<KafkaBrokers> brokers = new Shared<>(KafkaBrokers::start);
        Shared<NodeProcesses> nodes = new Shared<>(directory -> cluster(command, directory));
        return new Workload(THREADS + " × " + UNDER_WAY)
                .add(KAFKA, directory -> new KafkaProducing(brokers, directory, false, THREADS, UNDER_WAY))
                .add(
                        "kafka, acks=all, synced",
                        directory -> new KafkaProducing(brokers, directory, true, THREADS, UNDER_WAY))
                .add(
                        "tidal, MAJORITY, writes of 1",
                        directory -> new Written(nodes, directory, Durability.MAJORITY, THREADS, UNDER_WAY, 1))
                .add(
                        TIDAL,
                        directory ->
                                new Written(nodes, directory, Durability.MAJORITY, THREADS, UNDER_WAY, SIGNALS_A_WRITE))
                .add(
                        "tidal, LOCAL",
                        directory ->
                                new Written(nodes, directory, Durability.LOCAL, THREADS, UNDER_WAY, SIGNALS_A_WRITE))
                .target(Target.rateOfReference(TIDAL, 2))
                .target(Target.atMostOfReference(TIDAL, Figure.CPU_NANOS, 0.33));
    }

    private static Workload waiting(String command) {
        Shared<KafkaBrokers> brokers = new Shared<>(KafkaBrokers::start);
        Shared<NodeProcesses> nodes = new Shared<>(directory -> cluster(command, directory));
        return new Workload("1 that waits")
                .add(KAFKA, directory -> new KafkaProducing(brokers, directory, false, 1, 1))
                .add("kafka, acks=all, synced", directory -> new KafkaProducing(brokers, directory, true, 1, 1))
                .add("tidal, MAJORITY", directory -> new Written(nodes, directory, Durability.MAJORITY, 1, 1, 1))
                .add("tidal, LOCAL", directory -> new Written(nodes, directory, Durability.LOCAL, 1, 1, 1));
    }

    private static NodeProcesses cluster(String command, Path directory) throws IOException, InterruptedException {
        NodeProcesses nodes = NodeProcesses.start(command, directory, NODES);
        nodes.createTenant(SignalLoad.TENANT);
        return nodes;
    }

    /** Signals of a client of its own. */
    private static final class Written implements Contender {

        private final Shared<NodeProcesses> shared;
        private final NodeProcesses nodes;
        private final TidalClient client;
        private final SignalLoad load;

        Written(
                Shared<NodeProcesses> shared,
                Path directory,
                Durability durability,
                int threads,
                int window,
                int signals)
                throws Exception {
            this.shared = shared;
            nodes = shared.open(directory);
            client = nodes.connect(threads * window);
            load = new SignalLoad(
                    SignalLoad.Store.client(client.tenant(SignalLoad.TENANT), WriteOptions.DEFAULT.with(durability)),
                    threads,
                    window,
                    signals);
        }

        @Override
        public Phase run(double seconds) throws InterruptedException {
            long before = nodes.cpuNanos() + Cpu.nanos(ProcessHandle.current());
            Phase phase = load.run(seconds);
            long used = nodes.cpuNanos() + Cpu.nanos(ProcessHandle.current()) - before;
            return phase.with(Figure.CPU_NANOS, used / (phase.get(Figure.RATE) * seconds));
        }

        @Override
        public void warmUp() throws InterruptedException {
            run(PROCESS_WARM_UP_SECONDS);
        }

        @Override
        public void close() throws Exception {
            client.close();
            shared.close();
        }
    }

    static Table replicas() {
        return new Table(
                        "What followers cost",
                        "Three nodes in one process and on one disk, two threads that write 16 signals at a time with 256 writes under way, at"
                                + " `LOCAL`: without followers, with two, and with two of which one is dead. Every follower that lives takes its"
                                + " share of processors and disk.",
                        Figure.RATE)
                .add(new Workload("followers")
                        .add("two", directory -> new Followed(directory, true, false))
                        .add("two, one of them dead", directory -> new Followed(directory, true, true))
                        .add("none", directory -> new Followed(directory, false, false))
                        .target(Target.rateOfReference("two, one of them dead", 1)));
    }

    private static final class Followed implements Contender {

        private static final NodeId LAST = NodeId.of("n2");

        private final Tidal tidal;
        private final boolean dead;
        private final SignalLoad load;

        Followed(Path directory, boolean followers, boolean dead) {
            this.dead = dead;
            tidal = Tidal.builder()
                    .dataDir(directory.resolve("data"))
                    .topology(Topology.regions(NODES).shardsPerRegion(1))
                    .signal(SignalLoad.SIGNAL, Duration.ofDays(7))
                    .open();
            ReplicaId leader = ReplicaId.parse("r0:s0");
            TenantConfig.Builder config = TenantConfig.builder(TenantId.of(1)).pinnedShards(leader);
            Tenant tenant = tidal.createTenant((followers ? config : config.requiredRegions(leader.region())).build());
            load = new SignalLoad(SignalLoad.Store.embedded(List.of(tenant), WriteOptions.DEFAULT), 2, 256, 16);
        }

        @Override
        public Phase run(double seconds) throws InterruptedException {
            if (dead) {
                tidal.crashNode(LAST);
            }
            Phase phase = load.run(seconds);
            if (dead) {
                tidal.startNode(LAST);
            }
            // Who catches up must not do so while others are measured.
            while (tidal.health().shards().stream()
                    .flatMap(shard -> shard.replicationLag().values().stream())
                    .anyMatch(lag -> lag.records() > 0)) {
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
            return phase;
        }

        @Override
        public void close() {
            tidal.close();
        }
    }

    static Table http(String command) {
        Table table = new Table(
                "Ingest over HTTP",
                "Writers that send so many signals at a time and wait until they are durable: NDJSON to a node that is a process of its own, by"
                        + " the JDK's HTTP client, against `recordAll` in this process with 1,000 at a time, as the node records them."
                        + " Processor time is that of this process, or of the node.",
                Figure.RATE);
        for (int writers : new int[] {1, 4}) {
            for (int signals : new int[] {1_000, 100_000}) {
                table.add(new Workload(String.format(Locale.ROOT, "%d writers, %,d a request", writers, signals))
                        .add("recordAll", directory -> new Ingest(directory, "", writers, signals))
                        .add("http", directory -> new Ingest(directory, command, writers, signals))
                        .target(Target.rateOfReference("http", 0.6)));
            }
        }
        return table;
    }

    /** Over HTTP if there is a command, else embedded. */
    private static final class Ingest implements Contender {

        private final IngestLoad load;
        private final AutoCloseable store;
        private final SignalsWriter writer;
        private final CpuTime cpu;

        private interface SignalsWriter {
            Phase run(double seconds) throws Exception;
        }

        private interface CpuTime {
            long nanos();
        }

        Ingest(Path directory, String command, int writers, int signals) throws Exception {
            load = new IngestLoad(writers, signals);
            if (command.isEmpty()) {
                Tidal tidal = Tidal.builder()
                        .dataDir(directory.resolve("data"))
                        .signal(SignalLoad.SIGNAL, Duration.ofDays(7))
                        .open();
                Tenant tenant = tidal.createTenant(
                        TenantConfig.builder(SignalLoad.TENANT).build());
                store = tidal;
                writer = seconds -> load.embedded(tenant, seconds);
                cpu = () -> Cpu.nanos(ProcessHandle.current());
            } else {
                NodeProcesses node = NodeProcesses.start(command, directory, 1);
                node.createTenant(SignalLoad.TENANT);
                store = node;
                writer = seconds -> load.http(node.signals(SignalLoad.TENANT), seconds);
                cpu = node::cpuNanos;
            }
        }

        @Override
        public Phase run(double seconds) throws Exception {
            long before = cpu.nanos();
            Phase phase = writer.run(seconds);
            return phase.with(Figure.CPU_NANOS, (cpu.nanos() - before) / (phase.get(Figure.RATE) * seconds));
        }

        @Override
        public void warmUp() throws Exception {
            run(PROCESS_WARM_UP_SECONDS);
        }

        @Override
        public void close() throws Exception {
            store.close();
        }
    }

    static Table load(String command) {
        Table table = new Table(
                "Load at a fixed rate",
                "Open loop: a write of one signal is due at its time, however long those before it take, and its wait counts from then until it"
                        + " is durable on the node's disk. Embedded; by the client over Netty to a cluster of three; over HTTP to a node alone.",
                Figure.P99_MICROS);
        for (int rate : new int[] {1_000, 5_000, 20_000}) {
            table.add(new Workload(String.format(Locale.ROOT, "%,d a second", rate))
                    .add("embedded", directory -> embedded(directory, rate))
                    .add("client over Netty", directory -> client(command, directory, rate))
                    .add("HTTP", directory -> http(command, directory, rate)));
        }
        return table;
    }

    private static Contender embedded(Path directory, int rate) {
        Tidal tidal = Tidal.builder()
                .dataDir(directory.resolve("data"))
                .signal(SignalLoad.SIGNAL, Duration.ofDays(7))
                .open();
        Tenant tenant =
                tidal.createTenant(TenantConfig.builder(SignalLoad.TENANT).build());
        return new Open(
                rate,
                EMBEDDED_UNDER_WAY,
                tidal,
                i -> tenant.recordAsync(SignalLoad.SIGNAL, i % SignalLoad.ENTITIES, 1));
    }

    private static Contender client(String command, Path directory, int rate) throws Exception {
        NodeProcesses nodes = cluster(command, directory);
        TidalClient client = nodes.connect(CLIENT_UNDER_WAY);
        var tenant = client.tenant(SignalLoad.TENANT);
        WriteOptions local = WriteOptions.DEFAULT.with(Durability.LOCAL);
        return new Open(
                rate,
                CLIENT_UNDER_WAY,
                () -> {
                    client.close();
                    nodes.close();
                },
                i -> tenant.recordAllAsync(List.of(Signal.of(SignalLoad.SIGNAL, i % SignalLoad.ENTITIES, 1)), local));
    }

    private static Contender http(String command, Path directory, int rate) throws Exception {
        NodeProcesses node = NodeProcesses.start(command, directory, 1);
        node.createTenant(SignalLoad.TENANT);
        HttpClient client = HttpClient.newHttpClient();
        URI signals = node.signals(SignalLoad.TENANT);
        return new Open(rate, HTTP_UNDER_WAY, node, i -> posted(client, signals, i % SignalLoad.ENTITIES));
    }

    private static CompletionStage<?> posted(HttpClient client, URI signals, long entity) {
        HttpRequest request = HttpRequest.newBuilder(signals)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "[{\"signal\":\"" + SignalLoad.SIGNAL + "\",\"entity\":\"" + entity + "\"}]"))
                .build();
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString()).thenAccept(response -> {
            if (response.statusCode() / 100 != 2) {
                throw new IllegalStateException("a write was refused: " + response.body());
            }
        });
    }

    private record Open(OpenLoop before, OpenLoop loop, AutoCloseable store) implements Contender {

        private static final int WARM_UP_RATE = 10_000;

        Open(int rate, int mostUnderWay, AutoCloseable store, LongFunction<CompletionStage<?>> write) {
            this(new OpenLoop(WARM_UP_RATE, mostUnderWay, write), new OpenLoop(rate, mostUnderWay, write), store);
        }

        // However low the rate, whoever is asked has compiled what it needs when it counts.
        @Override
        public void warmUp() throws Exception {
            before.run(PROCESS_WARM_UP_SECONDS / 2);
        }

        @Override
        public Phase run(double seconds) throws InterruptedException {
            return loop.run(seconds);
        }

        @Override
        public void close() throws Exception {
            store.close();
        }
    }
}
