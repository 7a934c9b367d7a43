package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Processes that wait for tidal cluster init")
class ClusterInitCommandTest {

    private static final int NODES = 2;

    @TempDir
    Path work;

    private int[] ports = {};
    private final List<TidalProcess> processes = new ArrayList<>();

    @AfterEach
    void end() throws InterruptedException {
        for (TidalProcess process : processes) {
            process.kill();
        }
    }

    private void choosePorts() throws IOException {
        ports = FreePorts.choose(2 * NODES);
    }

    private String server(int node) {
        return "http://127.0.0.1:" + ports[2 * node];
    }

    private void start(int node) throws IOException {
        int other = 1 - node;
        Path file = Files.writeString(
                work.resolve("n" + node + ".yaml"),
                "cluster: shop\nnode: n" + node + "\nregion: " + node + "\ndata_dir: " + work.resolve("n" + node)
                        + "\nhttp: {listen: \"127.0.0.1:" + ports[2 * node]
                        + "\"}\ntransport: {listen: \"127.0.0.1:" + ports[2 * node + 1] + "\"}\npeers: {n" + other
                        + ": \"127.0.0.1:" + ports[2 * other + 1]
                        + "\"}\nshards: [{shard: 0, region: 0, node: n0}, {shard: 0, region: 1, node: n1}]\n"
                        + "wait_for_init: true\n");
        processes.add(TidalProcess.start(work.resolve("n" + node + ".err"), "node", "--config", file));
    }

    private String readiness(int node) {
        HttpRequest asked =
                HttpRequest.newBuilder(URI.create(server(node) + "/readyz")).build();
        try {
            return HttpClient.newHttpClient()
                    .send(asked, BodyHandlers.ofString())
                    .body();
        } catch (IOException e) {
            return "not there yet: " + e;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    @DisplayName(
            "say on /readyz what they wait for, serve once it was said when all are there, and refuse it a second time")
    void init() throws Exception {
        choosePorts();
        start(0);
        Await.passes(() -> assertThat(readiness(0)).contains("tidal cluster init"));
        assertThat(Cli.run("cluster", "init", "--server", server(0)).ended(1).err())
                .contains("[n1] did not answer: start them first");
        start(1);
        Await.passes(() -> assertThat(readiness(1)).contains("tidal cluster init"));
        Await.passes(() -> Cli.run("cluster", "init", "--server", server(1)).done());
        for (TidalProcess process : processes) {
            String line = process.line();
            while (line != null && !line.startsWith("READY ")) {
                line = process.line();
            }
            assertThat(line).as(process.errors()).isNotNull();
        }
        assertThat(Cli.run("cluster", "init", "--server", server(0)).ended(3).err())
                .contains("initialised already");
    }
}
