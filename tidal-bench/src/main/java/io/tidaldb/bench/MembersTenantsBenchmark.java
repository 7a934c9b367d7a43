package io.tidaldb.bench;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.TenantCreation;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * What many tenants cost in a cluster of three members, linked over sockets in this process, with a replica of everything on each: to create
 * them with few decisions, to ask one member how all of them are, to read one through a member that does not lead it, and to close one member
 * and open it again while the others run. Hypothesis: more than 1,000 are created a second, health takes less than 100 ms with 10,000, a routed read
 * takes as long as with one, and a member is back within 5 s.
 */
public final class MembersTenantsBenchmark {

    private static final int NODES = 3;
    private static final int BATCH = 1_000;
    private static final int READS = 2_000;
    private static final int HEALTHS = 15;

    private final Path directory;
    private final Map<NodeId, String> addresses = new TreeMap<>();
    private final Tidal[] members = new Tidal[NODES];

    private MembersTenantsBenchmark(Path directory) throws IOException {
        this.directory = directory;
        int[] ports = NodeProcesses.freePorts(NODES);
        for (int node = 0; node < NODES; node++) {
            addresses.put(name(node), "127.0.0.1:" + ports[node]);
        }
    }

    /** Runs it; options are in {@code docs/performance.md}. */
    public static void main(String[] args) throws Exception {
        Options options = Options.parse(args, Map.of("--dir", "target", "--tenants", "100,1000,10000"));
        System.out.println(
                "| tenants | created a second | health ms | routed read us | a member closes s | it opens again s |");
        System.out.println("| --- | --- | --- | --- | --- | --- |");
        for (int tenants : options.numbers("--tenants")) {
            ScratchDirectory scratch =
                    new ScratchDirectory(Path.of(options.text("--dir")).resolve("members-tenants-benchmark"));
            scratch.create();
            try {
                new MembersTenantsBenchmark(scratch.path()).run(tenants);
            } finally {
                scratch.remove();
            }
        }
    }

    private static NodeId name(int node) {
        return NodeId.of("n" + node);
    }

    private void run(int tenants) {
        try {
            IntStream.range(0, NODES)
                    .mapToObj(node -> CompletableFuture.runAsync(() -> open(node)))
                    .toList()
                    .forEach(CompletableFuture::join);
            double created = tenants / seconds(() -> create(members[0], tenants));
            double health = health(members[1]);
            double read = read(members[2], tenants);
            double closed = seconds(members[1]::close);
            double opened = seconds(() -> open(1));
            System.out.printf(
                    Locale.ROOT,
                    "| %,d | %,.0f | %.1f | %.0f | %.2f | %.2f |%n",
                    tenants,
                    created,
                    health,
                    read,
                    closed,
                    opened);
        } finally {
            for (Tidal member : members) {
                if (member != null) {
                    member.abandon();
                }
            }
        }
    }

    private void open(int node) {
        Map<NodeId, String> others = new TreeMap<>(addresses);
        String own = others.remove(name(node));
        members[node] = Tidal.builder()
                .dataDir(directory.resolve(name(node).name()))
                .transport("netty")
                .signal("view", Duration.ofDays(7))
                .topology(Topology.regions(NODES).shardsPerRegion(NODES))
                .member(ClusterMember.of("bench", name(node), Objects.requireNonNull(own), others))
                .open();
    }

    private static void create(Tidal tidal, int tenants) {
        for (int first = 1; first <= tenants; first += BATCH) {
            List<TenantConfig> batch = IntStream.range(first, Math.min(first + BATCH, tenants + 1))
                    .mapToObj(id -> TenantConfig.builder(TenantId.of(id)).build())
                    .toList();
            for (TenantCreation each : tidal.createTenants(batch)) {
                Objects.requireNonNull(each.tenant(), "every tenant is created");
            }
        }
    }

    /** Returns the median in milliseconds. */
    private static double health(Tidal tidal) {
        double[] millis = new double[HEALTHS];
        for (int i = 0; i < HEALTHS; i++) {
            millis[i] = 1e3 * seconds(tidal::health);
        }
        return Medians.of(millis);
    }

    /** Returns the median in microseconds, of reads of all tenants in turn, whoever leads them. */
    private static double read(Tidal tidal, int tenants) {
        double[] micros = new double[READS];
        for (int i = 0; i < READS; i++) {
            TenantId id = TenantId.of(1 + i % tenants);
            micros[i] = 1e6 * seconds(() -> tidal.tenant(id).orElseThrow().read("view", 42, ReadOptions.DEFAULT));
        }
        return Medians.of(micros);
    }

    private static double seconds(Runnable work) {
        long begin = System.nanoTime();
        work.run();
        return (System.nanoTime() - begin) / 1e9;
    }
}
