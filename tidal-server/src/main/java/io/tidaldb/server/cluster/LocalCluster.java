package io.tidaldb.server.cluster;

import io.tidaldb.server.config.TimeSpan;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Starts and stops the node processes of a cluster on this machine. Used by one thread; commands exclude each other by a lock. */
public final class LocalCluster {

    private static final Duration KILL_AFTER = Duration.ofSeconds(15);
    private static final Duration KILLED_WITHIN = Duration.ofSeconds(10);
    private static final Duration BURIED_WITHIN = Duration.ofSeconds(2);
    private static final long LOOK_MILLIS = 20;

    private final ClusterHome home;
    private final Consumer<String> notes;

    /** Prepares; nothing is started. */
    public LocalCluster(ClusterHome home, Consumer<String> notes) {
        this.home = home;
        this.notes = notes;
    }

    /**
     * What became of a node.
     *
     * @param pid the process that this is about, 0 if there was none
     */
    public record Outcome(LocalNode node, long pid, String state) {}

    /**
     * Starts the nodes that don't run, and waits until all of them serve. If one can't, those that this call started are stopped again.
     *
     * @param patience how long to wait for all of them
     * @param stop asked while waiting; true gives up
     * @throws ClusterException if all run already, or a node did not start
     */
    public List<Outcome> start(Duration patience, BooleanSupplier stop) throws IOException, InterruptedException {
        SharedEnvironment.check(System.getenv());
        try (FileChannel lock = home.lock()) {
            List<LocalNode> nodes = home.nodes();
            Map<LocalNode, ProcessHandle> running = running(nodes);
            if (running.size() == nodes.size()) {
                throw ClusterException.refused("the cluster in " + home.directory() + " runs already (" + names(running)
                        + "): tidal cluster down stops it");
            }
            List<Outcome> outcomes = new ArrayList<>();
            running.forEach((node, process) -> outcomes.add(new Outcome(node, process.pid(), "was running")));
            List<NodeStart> starts = new ArrayList<>();
            boolean served = false;
            try {
                for (LocalNode node : nodes) {
                    if (!running.containsKey(node)) {
                        starts.add(NodeStart.of(node));
                    }
                }
                await(starts, patience, stop);
                served = true;
            } finally {
                if (!served) {
                    stopAll(starts);
                }
            }
            Map<LocalNode, ProcessHandle> all = new LinkedHashMap<>();
            for (LocalNode node : nodes) {
                Optional.ofNullable(running.get(node)).ifPresent(process -> all.put(node, process));
                starts.stream()
                        .filter(start -> start.node().equals(node))
                        .forEach(start -> all.put(node, start.process().toHandle()));
            }
            home.list(all);
            starts.forEach(start ->
                    outcomes.add(new Outcome(start.node(), start.process().pid(), "started")));
            outcomes.sort(Comparator.comparing(outcome -> nodes.indexOf(outcome.node())));
            return outcomes;
        }
    }

    private void await(List<NodeStart> starts, Duration patience, BooleanSupplier stop)
            throws IOException, InterruptedException {
        long begun = System.nanoTime();
        List<NodeStart> waiting = new ArrayList<>(starts);
        while (!waiting.isEmpty()) {
            // Asked for before its output is looked at: what it printed before its end is there then.
            List<NodeStart> ended =
                    waiting.stream().filter(start -> !start.process().isAlive()).toList();
            waiting.removeIf(NodeStart::serves);
            ended = ended.stream().filter(waiting::contains).toList();
            if (!ended.isEmpty()) {
                throw failed(
                        ended.get(0),
                        "ended with exit code " + ended.get(0).process().exitValue());
            }
            if (stop.getAsBoolean()) {
                throw ClusterException.failed(
                        "the command was told to stop before all nodes served: none was left running");
            }
            if (System.nanoTime() - begun > patience.toNanos() && !waiting.isEmpty()) {
                throw failed(waiting.get(0), "does not serve after " + TimeSpan.print(patience));
            }
            if (!waiting.isEmpty()) {
                waiting.get(0).process().waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    private ClusterException failed(NodeStart start, String how) throws IOException {
        start.lastWords().forEach(line -> notes.accept(start.node().name() + ": " + line));
        return ClusterException.failed("node " + start.node().name() + " " + how + "; its log is "
                + start.node().log() + ", and the nodes that were started with it are stopped");
    }

    private static void stopAll(List<NodeStart> starts) throws InterruptedException {
        List<ProcessHandle> processes =
                starts.stream().map(start -> start.process().toHandle()).toList();
        processes.forEach(ProcessHandle::destroy);
        if (!ended(processes, KILL_AFTER)) {
            processes.forEach(ProcessHandle::destroyForcibly);
            ended(processes, KILLED_WITHIN);
        }
    }

    /**
     * Asks all nodes to drain and end, at once, and waits for them.
     *
     * @param patience how long to wait
     * @param force whether those that have not ended then are killed
     */
    public List<Outcome> stop(Duration patience, boolean force) throws IOException, InterruptedException {
        List<LocalNode> nodes = home.nodes();
        try (FileChannel lock = home.lock()) {
            Map<LocalNode, ProcessHandle> running = running(nodes);
            running.values().forEach(ProcessHandle::destroy);
            ended(List.copyOf(running.values()), patience);
            List<ProcessHandle> late =
                    running.values().stream().filter(ProcessFile::isAlive).toList();
            if (force) {
                late.forEach(ProcessHandle::destroyForcibly);
                ended(late, KILLED_WITHIN);
            }
            return nodes.stream()
                    .map(node -> outcome(node, running.get(node), late))
                    .toList();
        }
    }

    private static Outcome outcome(LocalNode node, @Nullable ProcessHandle process, List<ProcessHandle> late) {
        if (process == null) {
            return new Outcome(node, 0, "was not running");
        }
        String state = ProcessFile.isAlive(process) ? "running" : late.contains(process) ? "killed" : "stopped";
        return new Outcome(node, process.pid(), state);
    }

    private static boolean ended(List<ProcessHandle> processes, Duration patience) throws InterruptedException {
        if (!none(processes, ProcessFile::isAlive, patience)) {
            return false;
        }
        // Others see them until the system's first process has asked for their end, which not every one does.
        none(processes, ProcessHandle::isAlive, BURIED_WITHIN);
        return true;
    }

    private static boolean none(List<ProcessHandle> processes, Predicate<ProcessHandle> is, Duration patience)
            throws InterruptedException {
        long begun = System.nanoTime();
        while (processes.stream().anyMatch(is)) {
            if (System.nanoTime() - begun > patience.toNanos()) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        return true;
    }

    private static Map<LocalNode, ProcessHandle> running(List<LocalNode> nodes) throws IOException {
        Map<LocalNode, ProcessHandle> running = new LinkedHashMap<>();
        for (LocalNode node : nodes) {
            node.process().running().ifPresent(process -> running.put(node, process));
        }
        return running;
    }

    private static String names(Map<LocalNode, ProcessHandle> running) {
        return running.entrySet().stream()
                .map(entry -> entry.getKey().name() + " as process "
                        + entry.getValue().pid())
                .collect(Collectors.joining(", "));
    }
}
