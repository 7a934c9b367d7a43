package io.tidaldb.control.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.testkit.ControlNetworks;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Closes whoever leads again and again: with each the term changes, while files are closed. */
@Execution(ExecutionMode.CONCURRENT)
class ClosingTest {

    private static final List<NodeId> MEMBERS = List.of(NodeId.of("n0"), NodeId.of("n1"), NodeId.of("n2"));
    private static final int GROUPS = 8;
    private static final int CLOSED = 8;

    @TempDir
    Path home;

    private static final class Deaf implements ControlListener {

        @Override
        public void snapshot(ControlSnapshot snapshot) {}

        @Override
        public void committed(ControlEntry entry) {}
    }

    @Test
    void leaderIsClosedInTimeHoweverManyTermsThereWere() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(GROUPS);
        try {
            List<Callable<Void>> groups = IntStream.range(0, GROUPS)
                    .<Callable<Void>>mapToObj(group -> () -> {
                        closeLeaders(home.resolve("group" + group), "c" + group);
                        return null;
                    })
                    .toList();
            for (Future<Void> each : threads.invokeAll(groups)) {
                each.get();
            }
        } finally {
            threads.shutdown();
        }
    }

    private static void closeLeaders(Path directory, String cluster) throws Exception {
        try (ControlNetworks networks = new ControlNetworks()) {
            Map<NodeId, ControlLog> logs = new TreeMap<>();
            MEMBERS.forEach(member -> logs.put(member, open(directory, cluster, networks, member)));
            logs.values().forEach(log -> log.watch(new Deaf()));
            try {
                for (int closed = 0; closed < CLOSED; closed++) {
                    ControlLog any = logs.values().iterator().next();
                    any.propose(new byte[] {1}).toCompletableFuture().get();
                    NodeId leader = any.leader().orElseThrow();
                    Objects.requireNonNull(logs.remove(leader)).close();
                    ControlLog again = open(directory, cluster, networks, leader);
                    logs.put(leader, again);
                    again.watch(new Deaf());
                }
                assertThat(logs.keySet()).containsExactlyElementsOf(MEMBERS);
            } finally {
                logs.values().forEach(ControlLog::close);
            }
        }
    }

    private static ControlLog open(Path directory, String cluster, ControlNetworks networks, NodeId member) {
        return new RatisControlLogFactory()
                .create(new ControlLogContext(
                        directory.resolve(member.name()), member, MEMBERS, cluster, networks.of(member)));
    }
}
