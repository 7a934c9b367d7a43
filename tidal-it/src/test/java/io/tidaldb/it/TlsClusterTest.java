package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.transport.TransportTls;
import io.tidaldb.testkit.Certificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three processes that show each other certificates; one of them then comes back with others. */
@DisplayName("R-30 a cluster with TLS between its nodes")
class TlsClusterTest {

    private static final int NODES = 3;

    @TempDir
    Path work;

    private int[] peerPorts;
    private final TidalProcess[] processes = new TidalProcess[NODES];
    private final String[] servers = new String[NODES];
    private Certificates authority;
    private int lives;

    @BeforeEach
    void prepare() throws IOException {
        authority = new Certificates(work, "authority");
        peerPorts = FreePorts.choose(NODES);
    }

    @AfterEach
    void end() throws InterruptedException {
        for (TidalProcess process : processes) {
            if (process != null) {
                process.kill();
            }
        }
    }

    private void start(int node, TransportTls tls) throws IOException {
        StringBuilder peers = new StringBuilder();
        StringBuilder shards = new StringBuilder();
        for (int other = 0; other < NODES; other++) {
            if (other != node) {
                peers.append("n" + other + ": 127.0.0.1:" + peerPorts[other] + ", ");
            }
            shards.append("{shard: 0, region: " + other + ", node: n" + other + "}, ");
        }
        Path file = Files.writeString(
                work.resolve("n" + node + ".yaml"),
                "cluster: shop\nnode: n" + node + "\nregion: " + node + "\ndata_dir: " + work.resolve("n" + node)
                        + "\nhttp: {listen: \"127.0.0.1:0\"}\ntransport:\n  listen: 127.0.0.1:" + peerPorts[node]
                        + "\n  tls: {certificate: \"" + tls.certificateChain() + "\", key: \"" + tls.privateKey()
                        + "\", authorities: \"" + tls.authorities() + "\"}\npeers: {" + peers + "}\nshards: [" + shards
                        + "]\nsignals: [{name: view, half_life: 7d}]\n");
        processes[node] =
                TidalProcess.start(work.resolve("n" + node + "-" + lives++ + ".err"), "node", "--config", file);
    }

    private void awaitReady(int node) {
        String line = String.valueOf(processes[node].line());
        assertThat(line).as(processes[node].errors()).startsWith("READY node=n" + node + " ");
        servers[node] = "http://" + line.replaceFirst(".* http=(\\S+) .*", "$1");
    }

    private void record(int through, int entity) {
        Cli.run("signal", "record", "--server", servers[through], "--tenant", 7, "--signal", "view", "--entity", entity)
                .done();
    }

    private String total(int through) {
        return Cli.run("signal", "export", "--server", servers[through], "--tenant", 7)
                .done()
                .out();
    }

    private void expectRefused(TransportTls files, String... whyInTheLogOfAnother) throws Exception {
        String before = processes[0].errors();
        start(2, files);
        Await.passes(() -> {
            String said = processes[0].errors().substring(before.length());
            assertThat(said).contains("closed the connection of").contains(whyInTheLogOfAnother);
        });
        // Who is told to wait for a majority says whom it has no link to.
        Await.passes(() -> assertThat(processes[2].errors()).contains("n0").contains("n1"));
        record(0, 1);
        assertThat(total(1)).contains("\"entity\":\"1\"");
        assertThat(processes[2].isAlive()).isTrue();
        processes[2].terminate();
        // It was never ready: nothing was printed, and there is nothing to drain.
        assertThat(processes[2].line()).isNull();
    }

    @Test
    @DisplayName(
            "R-30 forms with certificates for its nodes; a node that shows another authority's or another node's stays out,"
                    + " the logs and the access log say why, and the others go on; with its own it is back")
    void mutual() throws Exception {
        TransportTls[] own = new TransportTls[NODES];
        for (int node = 0; node < NODES; node++) {
            own[node] = authority.issue("n" + node, "uri:tidal:shop/n" + node);
            start(node, own[node]);
        }
        IntStream.range(0, NODES).forEach(this::awaitReady);
        Cli.run("tenant", "create", "--server", servers[0], "--tenant", 7, "--durability", "MAJORITY")
                .done();
        IntStream.range(0, NODES).forEach(node -> record(node, 40 + node));
        assertThat(total(2).lines()).hasSize(NODES);

        processes[2].terminate();
        assertThat(processes[2].exitCode()).isZero();
        Certificates stranger = new Certificates(work, "stranger");
        expectRefused(authority.trusting(stranger.issue("n2", "uri:tidal:shop/n2")), "TLS: ");
        expectRefused(
                authority.issue("n1-again", "uri:tidal:shop/n1"),
                "it says that it is node n2, but its certificate is for",
                "tidal:shop\\/n1");

        assertThat(Cli.run("audit", "list", "--access", "--data-dir", work.resolve("n0"), "--output", "json")
                        .done()
                        .out())
                .contains("\"CONNECT node\"", "\"PEER_REFUSED\"", "\"TLS\"", "\"CERTIFICATE\"");

        start(2, own[2]);
        awaitReady(2);
        record(2, 42);
        Await.passes(() -> assertThat(total(2).lines()).hasSize(NODES + 3));
    }
}
