package io.tidaldb.it;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Members of one cluster in this process, each an instance of its own, linked over sockets: n0, n1 and n2 found it, others may join. */
final class Members implements AutoCloseable {

    static final String CLUSTER = "members";

    static final int FOUNDERS = 3;
    private static final int MOST = 5;

    private final Path directory;
    private final Map<NodeId, String> addresses = new TreeMap<>();
    private final Map<Integer, Tidal> running = new TreeMap<>();
    private UnaryOperator<TidalBuilder> settings = builder -> builder.returnAfter(Duration.ofHours(1));

    /** Chooses ports; starts nothing. */
    Members(Path directory) throws IOException {
        this.directory = directory;
        int[] ports = FreePorts.choose(MOST);
        for (int node = 0; node < MOST; node++) {
            addresses.put(name(node), "127.0.0.1:" + ports[node]);
        }
    }

    /** Changes how members are opened from now on. */
    void configure(UnaryOperator<TidalBuilder> changed) {
        settings = changed;
    }

    static NodeId name(int node) {
        return NodeId.of("n" + node);
    }

    String address(int node) {
        return Objects.requireNonNull(addresses.get(name(node)));
    }

    /** Returns the addresses of those that found it, by number. */
    Map<Integer, String> founders() {
        Map<Integer, String> all = new TreeMap<>();
        IntStream.range(0, FOUNDERS).forEach(node -> all.put(node, address(node)));
        return all;
    }

    /** Returns what opens a founder, in whichever process. */
    static TidalBuilder founder(Path directory, int node, Map<Integer, String> founders) {
        Map<NodeId, String> others = new TreeMap<>();
        founders.forEach((other, address) -> others.put(name(other), address));
        String own = Objects.requireNonNull(others.remove(name(node)));
        return Tidal.builder()
                .dataDir(directory.resolve(name(node).name()))
                .transport("netty")
                .signal("view", Duration.ofDays(7))
                .lease(Duration.ofSeconds(2))
                .returnAfter(Duration.ofHours(1))
                .topology(Topology.regions(FOUNDERS).shardsPerRegion(FOUNDERS))
                .member(ClusterMember.of(CLUSTER, name(node), own, others));
    }

    private Map<NodeId, String> addresses(IntStream nodes) {
        Map<NodeId, String> found = new TreeMap<>();
        nodes.forEach(node -> found.put(name(node), address(node)));
        return found;
    }

    /** Starts founders at the same time; returns when all serve. */
    void start(int... nodes) {
        start(builder -> builder, nodes);
    }

    /** As {@link #start(int...)}, with more settings. */
    void start(UnaryOperator<TidalBuilder> more, int... nodes) {
        IntStream.of(nodes)
                .mapToObj(node -> CompletableFuture.runAsync(() -> open(
                        node,
                        more.apply(builder(node))
                                .topology(Topology.regions(FOUNDERS).shardsPerRegion(FOUNDERS))
                                .member(ClusterMember.of(
                                        CLUSTER,
                                        name(node),
                                        address(node),
                                        addresses(IntStream.range(0, FOUNDERS).filter(other -> other != node)))))))
                .toList()
                .forEach(CompletableFuture::join);
    }

    /** Starts a node that the others have agreed on; it knows some of them. */
    void join(int node, RegionId region, int... known) {
        open(
                node,
                builder(node)
                        .region(region)
                        .member(ClusterMember.joining(
                                CLUSTER, name(node), address(node), addresses(IntStream.of(known)))));
    }

    private TidalBuilder builder(int node) {
        return settings.apply(Tidal.builder()
                .dataDir(directory.resolve(name(node).name()))
                .transport("netty")
                .signal("view", Duration.ofDays(7)));
    }

    private void open(int node, TidalBuilder builder) {
        Tidal opened = builder.open();
        synchronized (running) {
            running.put(node, opened);
        }
    }

    /** Ends a node as a crash does. */
    void kill(int node) {
        node(node).abandon();
        running.remove(node);
    }

    /** Ends a node in order. */
    void stop(int node) {
        node(node).close();
        running.remove(node);
    }

    Tidal node(int node) {
        return Objects.requireNonNull(running.get(node), () -> "node " + node + " does not run");
    }

    Tenant tenant(int node, TenantId tenant) {
        return node(node).tenant(tenant).orElseThrow();
    }

    @Override
    public void close() {
        running.values().forEach(Tidal::abandon);
    }
}
