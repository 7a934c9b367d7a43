package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code signal load} as a process of its own, which sends events to a tenant for as long as a test takes. */
final class Sending implements AutoCloseable {

    private final TidalProcess process;
    private final Path acks;
    private final AckLogWatch watch;

    private Sending(TidalProcess process, Path acks) throws IOException {
        this.process = process;
        this.acks = acks;
        this.watch = new AckLogWatch(acks);
    }

    /**
     * Starts one.
     *
     * @param name what its files in the directory are told from others by
     * @param asking who is asked, and with what
     */
    static Sending start(Path work, String name, int tenant, int perSecond, Object... asking) throws IOException {
        Path acks = work.resolve("acks-" + name + ".ndjson");
        List<Object> words = new ArrayList<>(List.of("signal", "load", "--tenant", tenant, "--rate", perSecond));
        // Whoever waits for it ends it; so long it may take where that never happens, and so long a write is tried.
        words.addAll(List.of("--duration", "9m", "--deadline", "5m", "--ack-log", acks, "--output", "json"));
        words.addAll(List.of(asking));
        return new Sending(TidalProcess.start(work.resolve("load-" + name + ".txt"), words.toArray()), acks);
    }

    Path acks() {
        return acks;
    }

    /** Waits until so many more events are acknowledged. */
    void awaitMore(int events) throws IOException, InterruptedException {
        watch.await(watch.count() + events, process);
        assertThat(process.isAlive()).as(process.errors()).isTrue();
    }

    /** Ends it in order: everything that was sent must have been acknowledged. Returns what it says. */
    JsonNode finish() throws InterruptedException {
        process.terminate();
        String line = String.valueOf(process.line());
        while (!line.startsWith("{") && !line.equals("null")) {
            line = String.valueOf(process.line());
        }
        assertThat(process.exitCode()).as("%s%n%s", line, process.errors()).isZero();
        JsonNode report = Cli.parse(line);
        assertThat(report.get("acked").asLong()).as(process.errors()).isPositive();
        assertThat(report.get("acked")).as(process.errors()).isEqualTo(report.get("sent"));
        return report;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        process.close();
        watch.close();
    }
}
