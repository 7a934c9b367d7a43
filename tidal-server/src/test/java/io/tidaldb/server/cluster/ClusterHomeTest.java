package io.tidaldb.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.Topology;
import io.tidaldb.server.config.Address;
import io.tidaldb.server.config.NodeConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The directory of a cluster")
class ClusterHomeTest {

    @TempDir
    Path work;

    @Test
    @DisplayName("holds a configuration for each node, which knows the others and a replica of every shard")
    void configurations() throws IOException {
        ClusterHome home = new ClusterHome(work.resolve("a \"quoted\\ name"));
        home.create(new ClusterPlan(3, 4, 7400, "rocks", true));
        List<LocalNode> nodes = home.nodes();
        assertThat(nodes).extracting(LocalNode::name).containsExactly("n0", "n1", "n2");
        for (LocalNode node : nodes) {
            int index = nodes.indexOf(node);
            NodeConfiguration configuration = node.configuration();
            assertThat(configuration.region().value()).isEqualTo(index);
            assertThat(configuration.http().listen()).isEqualTo(new Address("127.0.0.1", 7400 + 10 * index));
            assertThat(configuration.transport().listen()).isEqualTo(new Address("127.0.0.1", 7401 + 10 * index));
            assertThat(configuration.wal().plugin()).isEqualTo("rocks");
            assertThat(configuration.debug()).isTrue();
            assertThat(new Topology(configuration.shards()))
                    .isEqualTo(Topology.regions(3).shardsPerRegion(4));
            Map<NodeId, Address> others = new HashMap<>();
            nodes.stream()
                    .filter(other -> !other.equals(node))
                    .forEach(other -> others.put(
                            other.configuration().node(),
                            other.configuration().transport().listen()));
            assertThat(configuration.peers()).isEqualTo(others);
        }
    }

    @Test
    @DisplayName("has ports that are free, each once, if none is given")
    void freePorts() throws IOException {
        ClusterHome home = new ClusterHome(work.resolve("c"));
        home.create(new ClusterPlan(16, 1, 0, "file", false));
        Set<Integer> ports = new HashSet<>();
        for (LocalNode node : home.nodes()) {
            ports.add(node.configuration().http().listen().port());
            ports.add(node.configuration().transport().listen().port());
        }
        assertThat(ports).hasSize(32).doesNotContain(0);
    }

    @Test
    @DisplayName("can't be used from another place than where it was made")
    void moved() throws IOException {
        new ClusterHome(work.resolve("here")).create(new ClusterPlan(1, 1, 7400, "file", false));
        Files.move(work.resolve("here"), work.resolve("there"));
        assertThatThrownBy(() -> new ClusterHome(work.resolve("there")).nodes())
                .isInstanceOf(ClusterException.class)
                .hasMessageContaining("can't be moved");
    }

    @Test
    @DisplayName("is made once, and belongs to one command at a time")
    void exclusive() throws IOException {
        ClusterHome home = new ClusterHome(work.resolve("c"));
        ClusterPlan plan = new ClusterPlan(1, 1, 7400, "file", false);
        home.create(plan);
        assertThat(home.exists()).isTrue();
        assertThatThrownBy(() -> home.create(plan)).hasMessageContaining("expected a new or empty directory");
        try (var held = home.lock()) {
            assertThat(held.isOpen()).isTrue();
            assertThatThrownBy(home::lock).hasMessageContaining("another command");
        }
        home.lock().close();
    }

    @Test
    @DisplayName("knows a process by its number and its start")
    void process() throws IOException {
        ProcessFile file = new ProcessFile(work.resolve("n0.pid"));
        assertThat(file.running()).isEmpty();
        file.write(ProcessHandle.current());
        assertThat(file.running()).contains(ProcessHandle.current());
        Files.writeString(work.resolve("n0.pid"), ProcessHandle.current().pid() + " 2001-01-01T00:00:00Z\n");
        assertThat(file.running()).isEmpty();
        Files.writeString(work.resolve("n0.pid"), "who knows");
        assertThat(file.running()).isEmpty();
    }
}
