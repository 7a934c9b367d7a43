package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tidaldb.server.TidalCommand;
import io.tidaldb.testkit.Openssl;
import io.tidaldb.testkit.Sslscan;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("HTTP over TLS")
class TlsTest {

    private static final String PASSWORD = "only-for-this-test";

    @TempDir
    Path directory;

    private TestServer start() throws Exception {
        Path keystore = directory.resolve("node.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "node",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=node",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        keystore.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(keytool.waitFor()).isZero();
        Path password = Files.writeString(directory.resolve("password"), PASSWORD + "\n");
        return TestServer.start(
                directory,
                "",
                Map.of(
                        "TIDAL_HTTP_TLS_KEYSTORE", keystore.toString(),
                        "TIDAL_HTTP_TLS_PASSWORD_FILE", password.toString()));
    }

    private HttpResponse<String> get(TestServer server, String protocol) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(directory.resolve("node.p12"))) {
            trusted.load(in, PASSWORD.toCharArray());
        }
        KeyStore certificates = KeyStore.getInstance("PKCS12");
        certificates.load(null, null);
        certificates.setCertificateEntry("node", trusted.getCertificate("node"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(certificates);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {protocol});
        return HttpClient.newBuilder()
                .sslContext(context)
                .sslParameters(parameters)
                .build()
                .send(
                        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.server.port() + "/readyz"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    @DisplayName("is served with the certificate that is configured")
    void served(String protocol) throws Exception {
        try (TestServer server = start()) {
            assertThat(get(server, protocol).statusCode()).isEqualTo(200);
        }
    }

    @Test
    @DisplayName("is spoken by commands that are told which certificate to believe, and by no others")
    void commands() throws Exception {
        try (TestServer server = start()) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(directory.resolve("node.p12"))) {
                keys.load(in, PASSWORD.toCharArray());
            }
            Path pem = Files.writeString(
                    directory.resolve("node.pem"),
                    "-----BEGIN CERTIFICATE-----\n"
                            + Base64.getMimeEncoder()
                                    .encodeToString(keys.getCertificate("node").getEncoded())
                            + "\n-----END CERTIFICATE-----\n");
            String url = "https://127.0.0.1:" + server.server.port();
            StringWriter err = new StringWriter();
            assertThat(tidal(err, "tenant", "create", "--server", url, "--cacert", pem.toString()))
                    .as(err.toString())
                    .isZero();
            assertThat(server.tidal.tenants()).hasSize(1);
            assertThat(tidal(err, "tenant", "list", "--server", url)).isEqualTo(1);
            assertThat(err.toString()).contains("is not trusted", "--cacert FILE");
            assertThat(tidal(err, "tenant", "list", "--server", url, "--cacert", directory + "/password"))
                    .isEqualTo(2);
            assertThat(err.toString()).contains("holds no certificates");
            assertThat(tidal(err, "tenant", "list", "--server", url, "--cacert", directory + "/none"))
                    .isEqualTo(1);
            assertThat(err.toString()).contains("none does not exist");
        }
    }

    private static int tidal(StringWriter err, String... args) {
        return TidalCommand.commandLine()
                .setOut(new PrintWriter(new StringWriter()))
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }

    @Test
    @DisplayName("is not served in plain text")
    void notPlain() throws Exception {
        try (TestServer server = start();
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream()
                    .write("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            assertThat(new String(answer(socket), StandardCharsets.ISO_8859_1)).doesNotContain("HTTP/1.1", "ready");
        }
    }

    private static byte[] answer(Socket socket) throws IOException {
        try (InputStream in = socket.getInputStream()) {
            return in.readAllBytes();
        } catch (java.net.SocketException e) {
            return new byte[0];
        }
    }

    @Test
    @DisplayName("a keystore that can't be read keeps the node from serving")
    void noKeystore() throws Exception {
        Path password = Files.writeString(directory.resolve("password"), PASSWORD);
        assertThatThrownBy(() -> TestServer.start(
                        directory,
                        "",
                        Map.of(
                                "TIDAL_HTTP_TLS_KEYSTORE",
                                        directory.resolve("none.p12").toString(),
                                "TIDAL_HTTP_TLS_PASSWORD_FILE", password.toString())))
                .hasMessageContaining("http.");
    }

    private static String openssl(TestServer server, String... options) throws IOException {
        return Openssl.connect(
                server.server.port(), "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", options);
    }

    @Test
    @DisplayName("openssl s_client, where there is one, is served over TLS 1.3 and 1.2, and over nothing older")
    void openssl() throws Exception {
        assumeTrue(Openssl.isInstalled(), "skipped: there is no openssl here");
        try (TestServer server = start()) {
            for (String version : List.of("1.3", "1.2")) {
                assertThat(openssl(server, "-tls" + version.replace('.', '_')))
                        .contains("CONNECTION ESTABLISHED", "Protocol version: TLSv" + version, "HTTP/1.1 200 OK");
            }
            for (String older : List.of("-tls1_1", "-tls1")) {
                assertThat(openssl(server, older, "-cipher", "ALL:@SECLEVEL=0"))
                        .contains("alert protocol version")
                        .doesNotContain("CONNECTION ESTABLISHED");
            }
        }
    }

    @Test
    @DisplayName(
            "nothing is agreed on that does not encrypt, proves nothing, keeps no forward secrecy, or encrypts without authenticating")
    void weak() throws Exception {
        assumeTrue(Openssl.isInstalled(), "skipped: there is no openssl here");
        try (TestServer server = start()) {
            for (String cipher : List.of(
                    "ECDHE-ECDSA-NULL-SHA",
                    "NULL-SHA256",
                    "AECDH-AES128-SHA",
                    "ADH-AES128-GCM-SHA256",
                    "AES128-SHA",
                    "AES256-GCM-SHA384",
                    "ECDHE-ECDSA-AES128-SHA",
                    "ECDHE-ECDSA-AES128-SHA256",
                    "ECDHE-ECDSA-AES256-SHA384")) {
                assertThat(openssl(server, "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"))
                        .as(cipher)
                        .contains("alert handshake failure")
                        .doesNotContain("CONNECTION ESTABLISHED");
            }
        }
    }

    @Test
    @DisplayName(
            "sslscan, where there is one, finds TLS 1.2 and 1.3 with forward secrecy and authenticated encryption alone, and none of the weaknesses that it knows")
    void sslscan() throws Exception {
        assumeTrue(Sslscan.isInstalled(), "skipped: there is no sslscan here");
        try (TestServer server = start()) {
            List<String> scan = Sslscan.scan(server.server.port());
            assertThat(scan)
                    .contains(
                            "SSLv2 disabled",
                            "SSLv3 disabled",
                            "TLSv1.0 disabled",
                            "TLSv1.1 disabled",
                            "TLSv1.2 enabled",
                            "TLSv1.3 enabled")
                    .noneMatch(line -> line.contains(" vulnerable") && !line.contains("not vulnerable"));
            assertThat(Sslscan.accepted(scan))
                    .isNotEmpty()
                    .allMatch(line ->
                            line.matches("\\w+ (TLSv1\\.3 (128|256) bits TLS_\\S*|TLSv1\\.2 (128|256) bits ECDHE-\\S*)"
                                    + "(GCM[_-]SHA(256|384)|CHACHA20[_-]POLY1305\\S*)( .*)?"));
        }
    }
}
