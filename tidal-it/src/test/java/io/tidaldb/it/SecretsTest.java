package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.testkit.Certificates;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Secrets")
class SecretsTest {

    private static final String LABEL = "canary-label-91b7";
    private static final String NAME = "canary-name-4c0d";
    private static final String PASSWORD = "canary-password-7e55";

    @TempDir
    Path work;

    private final Map<String, String> secrets = new TreeMap<>();

    /** What is the tenant's own, and told to those who may read it. */
    private final Map<String, String> contents = new TreeMap<>();

    @BeforeEach
    void prepare() throws IOException {
        Path keys = Files.createDirectory(
                work.resolve("keys"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        byte[] master = new byte[32];
        for (int i = 0; i < master.length; i++) {
            master[i] = (byte) (i * 37 + 11);
        }
        Path file = Files.write(keys.resolve("shared-1.key"), master);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        secrets.put("the master key", Canaries.text(master));
        secrets.put("the master key in hexadecimal", HexFormat.of().formatHex(master));
        secrets.put("the master key in Base64", Base64.getEncoder().encodeToString(master));
        secrets.put(
                "the start of the master key as a list",
                Arrays.toString(Arrays.copyOf(master, 4)).replace("]", ""));
        secrets.put("the keystore's password", PASSWORD);
        contents.put("a label of an encrypted tenant", LABEL);
        contents.put("a name of an encrypted tenant", NAME);
    }

    private String token(String scope) {
        String secret = Cli.run(
                        "token",
                        "create",
                        "--tokens",
                        work.resolve("tokens.json"),
                        "--scope",
                        scope,
                        "--output",
                        "json")
                .done()
                .json()
                .path("token")
                .asText();
        secrets.put("the token to " + scope, secret.substring(secret.lastIndexOf('_') + 1));
        return secret;
    }

    private void check(String where, String text) {
        check(where, text, secrets);
        check(where, text, contents);
    }

    private static void check(String where, String text, Map<String, String> texts) {
        texts.forEach((what, secret) -> assertThat(text.contains(secret))
                .as(
                        "%s is in %s: %s",
                        what,
                        where,
                        text.lines().filter(line -> line.contains(secret)).toList())
                .isFalse());
    }

    @Test
    @DisplayName(
            "F-61, F-73: are in no log, metric, refusal, list of processes or diagnostic of a node that is asked for everything and"
                    + " stopped, nor in any of its files")
    void nowhere() throws Exception {
        String operator = token("operator");
        String wrong = operator.substring(0, operator.lastIndexOf('_') + 1)
                + "canaryCanary".repeat(4).substring(0, 43);
        secrets.put("a wrong token", wrong.substring(wrong.lastIndexOf('_') + 1));
        Path err = work.resolve("node.err");
        Path config = Files.writeString(
                work.resolve("node.yaml"),
                "data_dir: " + work.resolve("data") + "\nhttp: {listen: \"127.0.0.1:0\"}\nauth: {tokens: \""
                        + work.resolve("tokens.json") + "\"}\nkeys: {dir: \"" + work.resolve("keys")
                        + "\", encrypt_by_default: true}\n");
        try (TidalProcess node = TidalProcess.start(err, "node", "--config", config)) {
            String ready = String.valueOf(node.line());
            assertThat(ready).as(node.errors()).startsWith("READY ");
            URI url = URI.create("http://" + ready.replaceFirst(".* http=(\\S+) .*", "$1"));
            assertThat(send(url, "POST", "/v1/tenants", "{\"tenant\":7,\"label\":\"" + LABEL + "\"}", operator))
                    .contains(LABEL);
            send(
                    url,
                    "POST",
                    "/v1/tenants/7/signals",
                    "[{\"signal\":\"view\",\"entity_name\":\"" + NAME + "\"}]",
                    operator);
            assertThat(send(url, "GET", "/v1/tenants/7/top?signal=view", "", operator))
                    .contains(NAME);
            send(url, "POST", "/v1/tenants/7/keys/rotate", "", operator);
            for (String path : List.of(
                    "/v1/tenants",
                    "/v1/tenants/7",
                    "/v1/tenants/7/top?signal=view",
                    "/v1/tenants/7/keys",
                    "/v1/tenants/7/metrics",
                    "/v1/tokens",
                    "/v1/audit",
                    "/v1/none",
                    "/metrics",
                    "/healthz",
                    "/readyz")) {
                check(path + " without a token", send(url, "GET", path, "", ""));
                check(path + " with a wrong token", send(url, "GET", path, "", wrong));
            }
            for (String path : List.of(
                    "/metrics", "/v1/tokens", "/v1/audit", "/v1/audit/access", "/v1/erasures", "/v1/tenants/7/keys")) {
                check(path, send(url, "GET", path, "", operator));
            }
            for (String path : List.of(
                    "/v1/cluster",
                    "/v1/tenants/7",
                    "/v1/tenants/7/metrics",
                    "/v1/tenants/7/usage",
                    "/v1/tenants/7/placement")) {
                check(path, send(url, "GET", path, "", operator), secrets);
            }
            send(url, "POST", "/v1/tenants/7/keys/revoke", "", operator);
            check("what a suspended tenant answers", send(url, "GET", "/v1/tenants/7/top?signal=view", "", operator));
            check("the list of processes", Files.readString(Path.of("/proc/" + node.pid() + "/cmdline")));
            check("the environment", Files.readString(Path.of("/proc/" + node.pid() + "/environ")));
            for (String diagnostic : List.of(
                    "VM.command_line", "VM.system_properties", "VM.info", "Thread.print", "GC.class_histogram")) {
                check(diagnostic, diagnosed(node.pid(), diagnostic));
            }
            node.terminate();
            assertThat(node.exitCode()).isZero();
        }
        check("the log", Files.readString(err, StandardCharsets.ISO_8859_1));
        List<String> all = Stream.concat(secrets.values().stream(), contents.values().stream())
                .toList();
        assertThat(new Canaries(work.resolve("data"), all).holding()).isEmpty();
        assertThat(new Canaries(work.resolve("tokens.json"), all).holding()).isEmpty();
    }

    private static String diagnosed(long pid, String command) throws IOException, InterruptedException {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), Long.toString(pid), command)
                .redirectErrorStream(true)
                .start();
        String said = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(jcmd.waitFor()).as(said).isZero();
        return said;
    }

    private static String send(URI url, String method, String path, String body, String token) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(url.resolve(path))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", "application/json");
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        return HttpClient.newHttpClient()
                .send(request.build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    @DisplayName("F-61: a keystore that can't be opened is reported without its password")
    void keystore() throws Exception {
        Certificates authority = new Certificates(work, "authority");
        Path password = Files.writeString(work.resolve("password"), PASSWORD + "\n");
        Path config = Files.writeString(
                work.resolve("node.yaml"),
                "data_dir: " + work.resolve("data") + "\nhttp: {listen: \"127.0.0.1:0\", tls: {keystore: \""
                        + authority.issue("n0", "dns:n0").certificateChain() + "\", password_file: \"" + password
                        + "\"}}\n");
        Path err = work.resolve("node.err");
        try (TidalProcess node = TidalProcess.start(err, "node", "--config", config)) {
            assertThat(node.exitCode()).isNotZero();
        }
        check("the log", Files.readString(err, StandardCharsets.ISO_8859_1));
    }
}
