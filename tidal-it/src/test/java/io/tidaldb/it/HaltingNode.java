package io.tidaldb.it;

import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.control.ratis.RatisControlLogFactory;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A node of {@link Members} in a process of its own, which ends by itself where {@code TIDAL_HALT_AT} says, such as
 * {@code MIGRATION:CUTOVER:before}; without it when it is killed.
 */
final class HaltingNode implements AutoCloseable {

    private static final String HALT_AT = "TIDAL_HALT_AT";
    private static final String SERVES = "serves";

    private final Process process;

    private HaltingNode(Process process) {
        this.process = process;
    }

    /** Starts a founder; {@link #awaitServing} tells when it serves. */
    static HaltingNode start(Path directory, int node, Map<Integer, String> addresses, @Nullable String haltAt)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                HaltingNode.class.getName(),
                directory.toString(),
                Integer.toString(node)));
        addresses.values().forEach(command::add);
        File log = directory.resolve("process-" + node + ".log").toFile();
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log));
        if (haltAt != null) {
            builder.environment().put(HALT_AT, haltAt);
        }
        return new HaltingNode(builder.start());
    }

    void awaitServing() throws IOException {
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        for (String line = out.readLine(); !SERVES.equals(line); line = out.readLine()) {
            if (line == null) {
                throw new AssertionError("the process has ended before it served");
            }
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits until it has ended by itself; returns the exit code. */
    int exitCode() throws InterruptedException {
        return process.waitFor();
    }

    @Override
    public void close() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** @param words the directory of all nodes, the number of this one, and the addresses of all */
    public static void main(String... words) throws InterruptedException {
        int node = Integer.parseInt(words[1]);
        Map<Integer, String> addresses = new TreeMap<>();
        IntStream.range(2, words.length).forEach(at -> addresses.put(at - 2, words[at]));
        TidalBuilder builder = Members.founder(Path.of(words[0]), node, addresses);
        String haltAt = System.getenv(HALT_AT);
        if (haltAt != null) {
            ControlLogFactory halting =
                    HaltingControlLog.of(new RatisControlLogFactory(), HaltingControlLog.Step.parse(haltAt));
            builder.controlLog(halting);
        }
        try (Tidal tidal = builder.open()) {
            System.out.println(SERVES);
            System.out.flush();
            Thread.currentThread().join();
        }
    }
}
