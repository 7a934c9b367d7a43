package io.tidaldb.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;

/**
 * Peers of replication: three Kafka brokers in KRaft mode, each a process that is broker and controller. They are on the class path only if it
 * was built with the profile {@code kafka}.
 */
final class KafkaBrokers implements AutoCloseable {

    static final String SETTINGS =
            "4.1.0, KRaft, three combined brokers with `-Xmx1g`, a topic of 8 partitions on all three,"
                    + " `min.insync.replicas=2`, one producer with `acks=all` and `linger.ms=1`, else defaults, records of 64 bytes. That is"
                    + " acknowledged from the memory of the brokers; `synced` is with `flush.messages=1`.";

    private static final int BROKERS = 3;
    private static final long START_NANOS = TimeUnit.MINUTES.toNanos(2);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int PARTITIONS = 8;
    static final String TOPIC = "bench";

    /** Syncs each batch before it is acknowledged. */
    static final String SYNCED_TOPIC = "bench-synced";

    private static final String BROKER = "kafka.Kafka";

    private final List<Process> processes = new ArrayList<>();
    private final String servers;

    private KafkaBrokers(int[] ports) {
        servers = IntStream.range(0, BROKERS)
                .mapToObj(broker -> "127.0.0.1:" + ports[broker])
                .collect(Collectors.joining(","));
    }

    static KafkaBrokers start(Path directory) throws Exception {
        try {
            Class.forName(BROKER, false, KafkaBrokers.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("there is no Kafka broker on the class path: build with -Pkafka", e);
        }
        int[] ports = NodeProcesses.freePorts(2 * BROKERS);
        KafkaBrokers brokers = new KafkaBrokers(ports);
        Uuid cluster = Uuid.randomUuid();
        Path logging = Files.writeString(
                directory.resolve("logback.xml"), "<configuration><root level=\"OFF\"/></configuration>");
        try {
            for (int broker = 0; broker < BROKERS; broker++) {
                Path file = Files.writeString(
                        directory.resolve("b" + broker + ".properties"), properties(directory, broker, ports));
                Process format = java(
                        logging, "kafka.tools.StorageTool", "format", "-t", cluster.toString(), "-c", file.toString());
                if (!format.waitFor(1, TimeUnit.MINUTES) || format.exitValue() != 0) {
                    throw new IOException("a broker's directory could not be formatted");
                }
                brokers.processes.add(java(logging, BROKER, file.toString()));
            }
            brokers.createTopics();
            return brokers;
        } catch (Exception e) {
            brokers.close();
            throw e;
        }
    }

    private static Process java(Path logging, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms1g",
                "-Xmx1g",
                "-Dlogback.configurationFile=" + logging,
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(words));
        return Children.start(new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD));
    }

    private static String properties(Path directory, int broker, int[] ports) {
        String voters = IntStream.range(0, BROKERS)
                .mapToObj(each -> each + "@127.0.0.1:" + ports[BROKERS + each])
                .collect(Collectors.joining(","));
        return String.join(
                "\n",
                "process.roles=broker,controller",
                "node.id=" + broker,
                "controller.quorum.voters=" + voters,
                "listeners=PLAINTEXT://127.0.0.1:" + ports[broker] + ",CONTROLLER://127.0.0.1:"
                        + ports[BROKERS + broker],
                "controller.listener.names=CONTROLLER",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "log.dirs=" + directory.resolve("b" + broker),
                "min.insync.replicas=2",
                "");
    }

    private void createTopics() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers, "default.api.timeout.ms", "120000"))) {
            long end = System.nanoTime() + START_NANOS;
            while (admin.describeCluster().nodes().get(1, TimeUnit.MINUTES).size() < BROKERS) {
                if (System.nanoTime() > end) {
                    throw new IOException("not all brokers have started within two minutes");
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
            admin.createTopics(List.of(
                            new NewTopic(TOPIC, PARTITIONS, (short) BROKERS),
                            new NewTopic(SYNCED_TOPIC, PARTITIONS, (short) BROKERS)
                                    .configs(Map.of("flush.messages", "1"))))
                    .all()
                    .get(1, TimeUnit.MINUTES);
        }
    }

    String servers() {
        return servers;
    }

    /** Returns the processor time of all brokers so far. */
    long cpuNanos() {
        return Cpu.nanos(processes.stream().map(Process::toHandle).toArray(ProcessHandle[]::new));
    }

    @Override
    public void close() {
        processes.forEach(Process::destroy);
        for (Process process : processes) {
            try {
                if (!process.waitFor(20, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                process.destroyForcibly();
            }
        }
    }
}
