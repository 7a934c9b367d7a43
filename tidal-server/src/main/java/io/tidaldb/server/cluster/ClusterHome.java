package io.tidaldb.server.cluster;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.config.NodeConfigurationFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The directory of a cluster on this machine: {@code conf/nI.yaml}, and for each node its data in {@code nI}, {@code nI.log}, and what is
 * known of its process. {@code cluster.json} lists the processes that were started last.
 */
public final class ClusterHome {

    private static final String CONFIGURATIONS = "conf";
    private static final String UNFINISHED = "conf.tmp";
    private static final String LOCK = "cluster.lock";
    private static final String PROCESSES = "cluster.json";

    private final Path directory;

    /** Names a directory, which need not exist. */
    public ClusterHome(Path directory) {
        this.directory = directory.toAbsolutePath().normalize();
    }

    Path directory() {
        return directory;
    }

    /** Returns the file that lists the processes. */
    public Path processes() {
        return directory.resolve(PROCESSES);
    }

    /** Returns whether there is a cluster, running or not. */
    public boolean exists() {
        return Files.isDirectory(directory.resolve(CONFIGURATIONS));
    }

    /**
     * Writes the configurations of a new cluster: all of them or none.
     *
     * @throws TidalException INVALID_ARGUMENT if something else is in the directory
     */
    public void create(ClusterPlan plan) throws IOException {
        Files.createDirectories(directory);
        try (FileChannel lock = lock()) {
            checkFree();
            write(plan);
        }
    }

    private void write(ClusterPlan plan) throws IOException {
        Path unfinished = Files.createDirectories(directory.resolve(UNFINISHED));
        List<String> texts = plan.configurations(directory);
        try (Stream<Path> left = Files.list(unfinished)) {
            for (Path file : left.toList()) {
                Files.delete(file);
            }
        }
        for (int node = 0; node < texts.size(); node++) {
            Files.writeString(unfinished.resolve("n" + node + ".yaml"), texts.get(node));
        }
        Files.move(unfinished, directory.resolve(CONFIGURATIONS), StandardCopyOption.ATOMIC_MOVE);
    }

    private void checkFree() throws IOException {
        try (Stream<Path> there = Files.list(directory)) {
            List<String> others = there.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> !name.equals(UNFINISHED) && !name.equals(LOCK))
                    .sorted()
                    .toList();
            if (!others.isEmpty()) {
                throw TidalException.invalid("--data-dir " + directory + " holds no cluster, but " + others.get(0)
                        + (others.size() == 1 ? "" : " and others") + ": expected a new or empty directory");
            }
        }
    }

    /**
     * Returns the nodes, in order.
     *
     * @throws TidalException INVALID_CONFIGURATION if a configuration is malformed, or is about another directory
     */
    public List<LocalNode> nodes() throws IOException {
        List<LocalNode> nodes = new ArrayList<>();
        for (int node = 0; node < ClusterPlan.MAX_NODES; node++) {
            Path config = directory.resolve(CONFIGURATIONS).resolve("n" + node + ".yaml");
            if (Files.exists(config)) {
                nodes.add(node(config, "n" + node));
            }
        }
        if (nodes.isEmpty()) {
            throw ClusterException.failed("--data-dir " + directory + " holds no cluster: tidal cluster up makes one");
        }
        return nodes;
    }

    private LocalNode node(Path config, String name) {
        // The environment is this command's, and would be the same for every node.
        NodeConfiguration configuration = NodeConfigurationFile.read(config, Map.of());
        if (!configuration.node().name().equals(name)
                || !configuration.dataDir().equals(directory.resolve(name))) {
            throw ClusterException.failed(config + " is about node " + configuration.node() + " in "
                    + configuration.dataDir() + ": expected node " + name + " in " + directory.resolve(name)
                    + "; a cluster can't be moved to another directory");
        }
        return new LocalNode(configuration, config, directory);
    }

    /** Keeps other commands away from the directory until the channel is closed. */
    FileChannel lock() throws IOException {
        FileChannel channel =
                FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (!isLocked(channel)) {
            channel.close();
            throw ClusterException.refused(
                    "another command starts or stops the cluster in " + directory + ": wait until it is done");
        }
        return channel;
    }

    private static boolean isLocked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            // By this process, which is as good as another.
            return false;
        }
    }

    /** Lists the processes, so that no reader sees half of it. */
    void list(Map<LocalNode, ProcessHandle> running) throws IOException {
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        running.forEach((node, process) -> all.add(node.describe(process.pid())));
        Path unfinished = directory.resolve(PROCESSES + ".tmp");
        Files.writeString(unfinished, all + "\n");
        Files.move(unfinished, processes(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
