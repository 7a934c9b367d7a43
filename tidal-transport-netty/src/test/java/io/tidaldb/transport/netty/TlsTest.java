package io.tidaldb.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.FileRange;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.TransportTls;
import io.tidaldb.testkit.Certificates;
import io.tidaldb.testkit.Openssl;
import io.tidaldb.testkit.Sslscan;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("R-30 links over TLS")
class TlsTest {

    @TempDir
    static Path directory;

    private static Certificates authority;
    private static Certificates other;
    private static TransportTls n1;
    private static TransportTls n2;

    private final LogLines log = new LogLines();
    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeAll
    static void issue() throws Exception {
        authority = new Certificates(directory, "authority");
        other = new Certificates(directory, "other");
        n1 = authority.issue("n1", "dns:n1");
        n2 = authority.issue("n2", "uri:tidal:test/n2");
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        log.close();
    }

    private TestNode open(String name, @Nullable TransportTls tls) {
        TestNode node = new TestNode(name, Limits.DEFAULT, "127.0.0.1:0", null, tls);
        opened.add(0, node);
        return node;
    }

    @Test
    @DisplayName("R-30 nodes with certificates for their names are linked, and messages and files arrive")
    void linked() throws Exception {
        TestNode one = open("n1", n1);
        TestNode two = open("n2", n2);
        TestNode.link(one, two);
        assertThat(one.ask(two, "hello")).isEqualTo("hello");
        assertThat(two.ask(one, "hello")).isEqualTo("hello");
        String content = "0123456789".repeat(6_000);
        CountDownLatch released = new CountDownLatch(1);
        try (FileChannel file = FileChannel.open(Files.writeString(directory.resolve("file"), content))) {
            assertThat(one.transport.send(
                            two.id,
                            TestNode.buffer("begins, "),
                            new FileRange(file, 3, content.length() - 3, released::countDown)))
                    .isTrue();
            two.expect("n1: begins, " + content.substring(3));
            assertThat(released.await(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
        }
        // What is under way when one side closes still arrives.
        for (int i = 0; i < 100; i++) {
            assertThat(one.transport.send(two.id, TestNode.buffer("last " + i))).isTrue();
        }
        one.transport.close();
        for (int i = 0; i < 100; i++) {
            two.expect("n1: last " + i);
        }
        two.expect("down n1");
    }

    /** Lets n1 and another dial each other, and expects n1 or the other to say why not. */
    private void expectRefused(TransportTls files, String... why) throws Exception {
        TestNode one = open("n1", n1);
        TestNode two = open("n2", files);
        TestNode.introduce(one, two);
        log.await(why);
        assertThat(one.events).isEmpty();
        assertThat(two.events).isEmpty();
    }

    @Test
    @DisplayName(
            "R-30 a certificate that is replaced counts for the next link, and one that can't be read leaves the old one")
    void reloads() throws Exception {
        TransportTls stranger = other.issue("n4", "dns:n4");
        TransportTls mine = authority.issue("n4", "dns:n4");
        TransportTls used = new TransportTls(
                copy(stranger.certificateChain(), "used.crt"),
                copy(stranger.privateKey(), "used.key"),
                copy(mine.authorities(), "used.pem"));
        Files.writeString(used.certificateChain(), Files.readString(mine.certificateChain()));
        Files.writeString(used.privateKey(), Files.readString(mine.privateKey()));
        TlsFiles files = new TlsFiles(used);
        Tls first = files.current();
        Files.writeString(used.certificateChain(), "broken");
        awaitLine(files, "stay as they were");
        assertThat(files.current()).isSameAs(first);
        Files.writeString(used.certificateChain(), Files.readString(mine.certificateChain()));
        awaitLine(files, "were read again");
        assertThat(files.current()).isNotSameAs(first);
    }

    private void awaitLine(TlsFiles files, String part) {
        long end = System.nanoTime() + TestNode.PATIENCE.toNanos();
        while (log.of(part).isEmpty() && System.nanoTime() - end < 0) {
            files.current();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
        assertThat(log.of(part)).isNotEmpty();
    }

    private static Path copy(Path from, String name) throws IOException {
        return Files.copy(from, directory.resolve(name));
    }

    @Test
    @DisplayName("R-30 a node whose certificate is another node's is refused, by whoever dials")
    void anothersName() throws Exception {
        TransportTls third = authority.issue("n3", "dns:n3");
        expectRefused(
                third,
                "node n1 closed the connection of",
                "it says that it is node n2, but its certificate is for \"n3\"; expected the DNS name n2");
    }

    @Test
    @DisplayName("R-30 a certificate for a node of another cluster is refused")
    void anotherCluster() throws Exception {
        expectRefused(
                authority.issue("n2-prod", "uri:tidal:prod/n2,dns:n2"),
                "node n1 closed the connection of",
                "its certificate is for \"tidal:prod/n2\"; expected the DNS name n2 or the URI tidal:test/n2");
    }

    @Test
    @DisplayName("R-30 a certificate of another authority is refused")
    void anotherAuthority() throws Exception {
        TransportTls foreign = authority.trusting(other.issue("n2", "dns:n2"));
        expectRefused(foreign, "node n1 closed the connection of", "TLS: ");
    }

    @Test
    @DisplayName(
            "R-30 where clients have an authority of their own, it names no nodes, and that of nodes names no clients; who is refused is"
                    + " told to the node")
    void separateAuthorities() throws Exception {
        TransportTls separate =
                new TransportTls(n1.certificateChain(), n1.privateKey(), n1.authorities(), other.authorities());
        TestNode one = open("n1", separate);
        TestNode two = open("n2", n2);
        TestNode.link(one, two);
        String client = "client-app-00000001";
        TestNode app = open(client, authority.trusting(other.issue("client-app", "dns:client-app")));
        app.transport.addPeer(one.id, one.transport.address());
        app.expect("up n1");
        one.expect("up " + client);
        assertThat(app.ask(one, "hello")).isEqualTo("hello");
        assertThat(one.refusals).isEmpty();

        TestNode posing = open("n0", authority.trusting(other.issue("n0", "dns:n0")));
        one.transport.addPeer(posing.id, "127.0.0.1:1");
        posing.transport.addPeer(one.id, one.transport.address());
        one.expectRefusal(PeerRefusal.CERTIFICATE);
        log.await("names no nodes, and it says that it is n0");
        TestNode spare = open("client-spare-00000002", authority.issue("client-spare", "dns:client-spare"));
        spare.transport.addPeer(one.id, one.transport.address());
        log.await("names no clients, and it says that it is client-spare-00000002");
        assertThat(posing.events).isEmpty();
        assertThat(spare.events).isEmpty();
        assertThat(two.ask(one, "still there?")).isEqualTo("still there?");
    }

    @Test
    @DisplayName("R-30 an expired certificate is refused")
    void expired() throws Exception {
        expectRefused(
                authority.issue("n2-old", "dns:n2", "-10d", "1"), "node n1 closed the connection of", "TLS: NotAfter");
    }

    @Test
    @DisplayName("R-30 a node without TLS is refused by one with it, and says itself what may be wrong")
    void withoutTls() throws Exception {
        TestNode one = open("n1", n1);
        TestNode two = open("n2", null);
        TestNode.introduce(one, two);
        log.await("node n1 closed the connection of", "TLS: ");
        log.await("node n2 closed the connection of", "do both sides use TLS or none?");
        assertThat(one.events).isEmpty();
        assertThat(two.events).isEmpty();
    }

    @Test
    @DisplayName("R-30 whoever has no certificate, or speaks an old TLS, or none, is refused, and the node serves on")
    void withoutCertificate() throws Exception {
        TestNode one = open("n1", n1);
        TestNode two = open("n2", n2);
        TestNode.link(one, two);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), one.port())) {
            socket.getOutputStream().write("no TLS at all, but a few bytes".getBytes(StandardCharsets.US_ASCII));
            log.await("127.0.0.1:" + socket.getLocalPort(), "not an SSL/TLS record");
        }
        try (Socket socket = TlsClient.connect(one.port(), n1, "TLSv1.3")) {
            log.await("127.0.0.1:" + socket.getLocalPort(), "TLS: ", "ertificate");
        }
        one.expectRefusal(PeerRefusal.TLS);
        one.expectRefusal(PeerRefusal.TLS);
        try (Socket socket = TlsClient.connect(one.port(), n1, "TLSv1.2")) {
            log.await("127.0.0.1:" + socket.getLocalPort(), "TLS: ", "TLSv1.2");
        }
        assertThat(two.ask(one, "still there?")).isEqualTo("still there?");
        assertThat(one.events).isEmpty();
    }

    private static String openssl(TestNode node, String... options) throws IOException {
        List<String> all =
                new ArrayList<>(List.of("-CAfile", authority.authorities().toString()));
        all.addAll(List.of(options));
        return Openssl.connect(node.port(), "GET / HTTP/1.1\r\n\r\n".repeat(10), all.toArray(String[]::new));
    }

    private static String openssl(TestNode node, TransportTls files, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of(
                "-cert",
                files.certificateChain().toString(),
                "-key",
                files.privateKey().toString()));
        all.addAll(List.of(options));
        return openssl(node, all.toArray(String[]::new));
    }

    @Test
    @DisplayName(
            "R-30 openssl s_client, where there is one, gets through TLS 1.3 with a node's certificate, and with nothing less")
    void openssl() throws Exception {
        assumeTrue(Openssl.isInstalled(), "skipped: there is no openssl here");
        TestNode one = open("n1", n1);
        assertThat(openssl(one, n2))
                .contains("CONNECTION ESTABLISHED", "Protocol version: TLSv1.3", "Verification: OK")
                .doesNotContain(" alert ");
        // Of what it says then no node would say anything.
        one.expectRefusal(PeerRefusal.GREETING);
        assertThat(openssl(one)).contains(" alert ");
        one.expectRefusal(PeerRefusal.TLS);
        assertThat(openssl(one, other.issue("posing", "dns:n2"))).contains(" alert ");
        one.expectRefusal(PeerRefusal.TLS);
        assertThat(openssl(one, n2, "-tls1_2", "-cipher", "ALL:@SECLEVEL=0"))
                .contains("alert protocol version")
                .doesNotContain("CONNECTION ESTABLISHED");
        one.expectRefusal(PeerRefusal.TLS);
        assertThat(openssl(one, n2, "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"))
                .contains("alert handshake failure")
                .doesNotContain("CONNECTION ESTABLISHED");
        one.expectRefusal(PeerRefusal.TLS);
        assertThat(one.events).isEmpty();
        TestNode.link(one, open("n2", n2));
    }

    @Test
    @DisplayName(
            "R-30 sslscan, where there is one, finds nothing but TLS 1.3, with a node's certificate, and the node serves on")
    void sslscan() throws Exception {
        assumeTrue(Sslscan.isInstalled(), "skipped: there is no sslscan here");
        TestNode one = open("n1", n1);
        List<String> scan = Sslscan.scan(one.port(), "--certs=" + n2.certificateChain(), "--pk=" + n2.privateKey());
        assertThat(scan)
                .contains(
                        "SSLv2 disabled",
                        "SSLv3 disabled",
                        "TLSv1.0 disabled",
                        "TLSv1.1 disabled",
                        "TLSv1.2 disabled",
                        "TLSv1.3 enabled")
                .noneMatch(line -> line.contains(" vulnerable") && !line.contains("not vulnerable"));
        assertThat(Sslscan.accepted(scan)).allMatch(line -> line.matches("\\w+ TLSv1\\.3 (128|256) bits TLS_.*"));
        assertThat(one.events).isEmpty();
        TestNode.link(one, open("n2", n2));
    }

    @Test
    @DisplayName("R-30 files that can't be used are refused when the transport is created, and named")
    void unusableFiles() throws Exception {
        Path missing = directory.resolve("missing.pem");
        Path broken = Files.writeString(directory.resolve("broken.pem"), "nothing of the kind");
        for (TransportTls files : List.of(
                new TransportTls(missing, n1.privateKey(), n1.authorities()),
                new TransportTls(n1.certificateChain(), broken, n1.authorities()),
                new TransportTls(broken, n1.privateKey(), n1.authorities()),
                new TransportTls(n1.certificateChain(), n1.privateKey(), broken))) {
            assertThatThrownBy(() -> open("n1", files))
                    .isInstanceOf(TidalException.class)
                    .hasMessageMatching("(?s)TLS: .*(missing|broken)\\.pem.*expected PEM.*")
                    .extracting(e -> ((TidalException) e).code())
                    .isEqualTo(ErrorCode.INVALID_CONFIGURATION);
        }
    }

    @Test
    @DisplayName("R-30 beyond loopback nothing listens without TLS, and an address for peers must be said")
    void beyondLoopback() throws Exception {
        assertThatThrownBy(() -> new TestNode("n1", Limits.DEFAULT, "0.0.0.0:0", "n1.example:7401", null))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("configure TLS")
                .extracting(e -> ((TidalException) e).code())
                .isEqualTo(ErrorCode.INVALID_CONFIGURATION);
        assertThatThrownBy(() -> new TestNode("n1", Limits.DEFAULT, "0.0.0.0:0", null, n1))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("advertise");
        TestNode one = new TestNode("n1", Limits.DEFAULT, "0.0.0.0:0", "127.0.0.1:0", n1);
        opened.add(one);
        assertThat(one.transport.address()).matches("127\\.0\\.0\\.1:[1-9][0-9]*");
        TestNode.link(one, open("n2", n2));
    }
}
