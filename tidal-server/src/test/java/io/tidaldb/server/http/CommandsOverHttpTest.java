package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.server.TidalCommand;
import io.tidaldb.server.auth.Scope;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.auth.TokenIssue;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Commands over HTTP")
class CommandsOverHttpTest {

    @TempDir
    Path directory;

    /** What a command came to. */
    record Result(int code, String out, String err) {

        Result is(int expected, String... said) {
            assertThat(code).as(err + out).isEqualTo(expected);
            assertThat(err).doesNotContain("\tat ", "internal error");
            for (String each : said) {
                assertThat(err).contains(each);
            }
            return this;
        }
    }

    static Result run(String words, String... more) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        List<String> args = new ArrayList<>(List.of(words.split(" ")));
        args.addAll(Arrays.asList(more));
        int code = TidalCommand.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args.toArray(String[]::new));
        return new Result(code, out.toString(), err.toString());
    }

    static String url(TestServer server) {
        return "http://127.0.0.1:" + server.server.port();
    }

    /** Two stores of the same history: a directory, and a node's. */
    private final class Both implements AutoCloseable {

        private final TestServer server = TestServer.start(directory, "");
        private final String store = directory.resolve("store").toString();

        void same(String words, int code) {
            for (String format : List.of("table", "json")) {
                String[] common = {"--output", format};
                Result embedded = run(words, with("--data-dir", store, common));
                Result remote = run(words, with("--server", url(server), common));
                assertThat(remote.code()).as(words + remote.err()).isEqualTo(code);
                assertThat(embedded.code()).as(words + embedded.err()).isEqualTo(code);
                assertThat(volatileParts(remote.out())).as(words).isEqualTo(volatileParts(embedded.out()));
            }
        }

        void both(String words) {
            run(words, "--data-dir", store).is(0);
            run(words, "--server", url(server)).is(0);
        }

        @Override
        public void close() {
            server.close();
        }
    }

    private static String[] with(String option, String value, String... more) {
        return Stream.concat(Stream.of(option, value), Arrays.stream(more)).toArray(String[]::new);
    }

    // One store is in memory and the other on disk, and they were not written in the same moment.
    private static String volatileParts(String out) {
        return out.replaceAll("(\"?(signals_per_sec|storage_bytes|bytes|hour)\"?)( +|:)[^,}\\n]+", "$1=?")
                .replaceAll("(?m)^(signals per sec|storage bytes) .*$", "$1 ?")
                .replaceAll("(?m)^\\d{4}-\\d\\d-\\d\\dT\\S+ +(\\d+) +\\d+$", "hour $1")
                .replaceAll("hour +signals +bytes", "hour signals bytes")
                .replaceAll(" +\\n", "\n");
    }

    @Test
    @DisplayName("R-42: write of users in the region that is asked for, if that takes the tenant's writes")
    void regionOfUsers() {
        try (Both both = new Both()) {
            both.both("tenant create --tenant 7");
            both.both("tenant create --tenant 8 --writes everywhere");
            for (String tenant : List.of("7", "8")) {
                both.both("session start --tenant " + tenant + " --session 9 --user 1 --region r0");
                both.both("negative hide --tenant " + tenant + " --user 1 --entity 42 --region r0");
            }
            both.same("session start --tenant 7 --session 10 --user 1 --region r1", 1);
            run("session start --tenant 7 --session 10 --user 1 --region r1", "--server", url(both.server))
                    .is(1, "not in region r1", "EVERYWHERE");
            run("session start --tenant 8 --session 10 --user 1 --region r1", "--server", url(both.server))
                    .is(2, "not all of its shards in region r1", "[r0]");
            run("negative hide --tenant 8 --user 1 --entity 42 --region mars", "--server", url(both.server))
                    .is(2, "mars");
            run("cluster drill --tenant 7 --lose-region r0", "--server", url(both.server))
                    .is(1, "all nodes are in this process");
        }
    }

    @Test
    @DisplayName("R-46: export what users did in sessions, hid and withdrew, in the order of the log")
    void exportActs() {
        try (Both both = new Both()) {
            both.both("tenant create --tenant 7");
            both.both("session start --tenant 7 --session 9 --user 1");
            both.both("session write --tenant 7 --session 9 --number 2 --query trains");
            both.both("negative hide --tenant 7 --user 1 --entity 42");
            both.both("negative withdraw --tenant 7 --user 1 --entity 42");
            both.both("session close --tenant 7 --session 9 --number 3");
            List<String> embedded = acts(run("session export --tenant 7", "--data-dir", both.store));
            assertThat(embedded)
                    .containsExactly(
                            "start 9 1 user=1",
                            "query 9 2 user=",
                            "hidden  0 user=1",
                            "withdrawn  0 user=1",
                            "close 9 3 user=");
            assertThat(acts(run("session export --tenant 7", "--server", url(both.server))))
                    .isEqualTo(embedded);
            both.same("session export --tenant 99", 1);
        }
    }

    private static List<String> acts(Result exported) {
        exported.is(0);
        return exported.out()
                .lines()
                .map(CommandsOverHttpTest::json)
                .map(line ->
                        line.path("type").asText() + " " + line.path("session").asText("") + " "
                                + line.path("number").asInt() + " user="
                                + line.path("user").asText(""))
                .toList();
    }

    private static JsonNode json(String line) {
        try {
            return new ObjectMapper().readTree(line);
        } catch (JsonProcessingException e) {
            throw new AssertionError(line, e);
        }
    }

    @Test
    @DisplayName("print what they print of a data directory, as a table and as JSON")
    void equalOutput() {
        try (Both both = new Both()) {
            both.both("tenant create --tenant 7 --label acme --max-signals-per-sec 100.5 --max-entities 50");
            both.both("tenant create --label shop");
            both.both("signal record --tenant 7 --signal view --entity 42 --weight 2.5 --ts 2026-01-01T00:00:00Z");
            both.both("signal record --tenant acme --signal view --name IAH-LAX --ts 2026-01-01T00:30:00Z");
            both.same("tenant list", 0);
            both.same("tenant show acme", 0);
            both.same("tenant show t7", 0);
            both.same("tenant usage 7", 0);
            both.same("tenant usage 7 --verify", 0);
            both.same("tenant usage 8 --verify", 1);
            both.same("tenant explain 1", 0);
            both.same("tenant set 7 --max-entities unlimited --burst 7 --durability LOCAL", 0);
            String read = " --tenant acme --signal view --at 2026-01-01T01:00:00Z";
            both.same("query score --entity 42" + read, 0);
            both.same("query score --name IAH-LAX" + read, 0);
            both.same("query count --entity 42" + read, 0);
            both.same("query count --window 24h --entity 42" + read, 0);
            both.same("query velocity --window 24h --entity 42" + read, 0);
            both.same("query top -k 3" + read, 0);
            both.same("query top --tenant 7 --signal none", 1);
            both.same("query top --tenant 9 --signal view", 1);
            both.same("query top -k 0" + read, 2);
            both.same("tenant show nobody", 1);
            both.same("tenant create --tenant 7", 1);
            both.same("tenant create --regions r9", 1);
            both.same("tenant create --burst few", 2);
            both.same("signal record --tenant 7 --signal view --entity 1 --ts 2200-01-01T00:00:00Z", 1);
            both.both("signal declare rating --half-life 36h");
            both.same("signal declare rating --half-life 36h", 0);
            both.same("signal declare rating --half-life 37h", 1);
            both.same("signal declare not/a/name", 2);
            both.same("signal types", 0);
            both.same("signal export --tenant 99", 1);
            both.same("tenant delete acme", 3);
            both.both("tenant delete 7 --yes");
            both.same("tenant list", 0);
        }
    }

    @Test
    @DisplayName("record under an idempotency key once, and say where")
    void recordsOnce() {
        try (TestServer server = TestServer.start(directory, "")) {
            String url = url(server);
            run("tenant create --tenant 1", "--server", url).is(0);
            String record = "signal record --tenant 1 --signal view --entity 5 --output json --idempotency-key"
                    + " 123e4567-e89b-12d3-a456-426614174000";
            String first = run(record, "--server", url).is(0).out();
            assertThat(first).contains("\"tenant\":\"1\",\"position\":\"r0:s0:");
            assertThat(run(record, "--server", url).is(0).out()).isEqualTo(first);
            assertThat(server.tidal.tenant(TenantId.of(1)).orElseThrow().total("view"))
                    .isEqualTo(1);
        }
    }

    @Test
    @DisplayName("refuse by quota with exit code 3, and in the same words as a data directory")
    void quota() {
        try (Both both = new Both()) {
            both.both("tenant create --tenant 1 --max-entities 1");
            both.both("signal record --tenant 1 --signal view --entity 5");
            String second = "signal record --tenant 1 --signal view --entity 6";
            both.same(second, 3);
            assertThat(run(second, "--server", url(both.server)).err())
                    .isEqualTo(run(second, "--data-dir", both.store).err())
                    .contains("ENTITIES");
        }
    }

    @Test
    @DisplayName("try the next server where one can't be reached, and say so where none can")
    void unreachable() throws IOException {
        String nobody = "http://127.0.0.1:" + freePort();
        try (TestServer server = TestServer.start(directory, "")) {
            run("tenant create --tenant 1", "--server", nobody + "," + url(server))
                    .is(0);
            assertThat(run("tenant list --output json", "--server", nobody + "," + url(server))
                            .is(0)
                            .out())
                    .contains("\"tenant\":\"1\"");
        }
        run("tenant list", "--server", nobody).is(1, "server " + nobody + " can't be reached", "tidal node");
        run("query top --tenant 1 --signal view", "--server", nobody + "," + nobody)
                .is(1, "none of the servers", "can be reached");
    }

    @Test
    @DisplayName("repeat what has no second effect where an answer was lost, and nothing else")
    void lostAnswers() throws Exception {
        try (TestServer server = TestServer.start(directory, "");
                RawServer silent = new RawServer("")) {
            String both = silent.url() + "," + url(server);
            run("tenant create --tenant 1", "--server", both).is(1, "did not answer", "it may have done it");
            assertThat(server.tidal.tenants()).isEmpty();
            run("tenant list", "--server", both).is(0);
            run("tenant create --tenant 1", "--server", url(server)).is(0);
            run("signal record --tenant 1 --signal view --entity 5", "--server", both)
                    .is(0);
            assertThat(server.tidal.tenant(TenantId.of(1)).orElseThrow().total("view"))
                    .isEqualTo(1);
            run("tenant list", "--server", silent.url()).is(1, "did not answer", "PEER_UNAVAILABLE");
        }
    }

    @Test
    @DisplayName("say so where the server is none of Tidal's")
    void somethingElse() throws Exception {
        try (RawServer other = new RawServer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")) {
            run("tenant list", "--server", other.url()).is(1, "status 200 and not as a Tidal node does");
        }
        try (RawServer other = new RawServer("SSH-2.0-x\r\n")) {
            run("tenant list", "--server", other.url()).is(1, "did not answer");
        }
    }

    // Bound and given back: nobody listens there, and the system hands it out again only when it has been round.
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    @DisplayName("say what is wrong with a URL, and never show a secret")
    void wrongUrl() {
        for (String url :
                List.of("127.0.0.1:7400", "ftp://x", "http://", "http://x/y", "http://x?y", "http://a b", "")) {
            run("tenant list --server", url).is(2, "--server", "expected http://HOST:PORT");
        }
        assertThat(run("tenant list --server http://me:secret@x").is(2).err()).doesNotContain("secret");
        run("tenant list --data-dir d --server http://127.0.0.1:1").is(2, "exclude each other");
        run("tenant list --data-dir d --cacert x").is(2, "exclude each other");
        run("tenant create --wal rocks --server http://127.0.0.1:1").is(2, "--wal", "--data-dir");
        run("tenant list --plugins p --server http://127.0.0.1:1").is(2, "--plugins", "--data-dir");
        assertThat(run("tenant list --server http://127.0.0.1:1 --token", "se cret")
                        .is(2, "token")
                        .err())
                .doesNotContain("se cret");
        assertThat(run("tenant list --server http://192.0.2.1:7400 --token secret")
                        .is(2, "in the clear", "https://")
                        .err())
                .doesNotContain("secret");
        assertThat(run("tenant list --help").is(0).out()).contains("http://127.0.0.1:7400");
    }

    @Test
    @DisplayName("present their token, and say what a refused one lacks")
    void tokens() {
        Path tokens = directory.resolve("tokens.json");
        TokenFile file = new TokenFile(tokens);
        String operator = issue(file, Set.of(Scope.OPERATOR), Set.of());
        String reader = issue(file, Set.of(Scope.READ), Set.of(TenantId.of(1)));
        try (TestServer server = TestServer.start(directory, "auth: {tokens: \"" + tokens + "\"}\n")) {
            String url = url(server);
            run("tenant create --tenant 1 --server " + url, "--token", operator).is(0);
            run("query top --tenant 1 --signal view --server " + url, "--token", reader)
                    .is(0);
            assertThat(run("tenant list --server " + url, "--token", reader)
                            .is(1, "FORBIDDEN")
                            .err())
                    .doesNotContain(reader);
            run("tenant list --server " + url).is(1, "UNAUTHENTICATED", "TIDAL_TOKEN");
            String forged = "tidal_0123456789ab_" + "A".repeat(43);
            assertThat(run("tenant list --server " + url, "--token", forged)
                            .is(1, "UNAUTHENTICATED")
                            .err())
                    .doesNotContain("AAAA");
        }
    }

    private static String issue(TokenFile file, Set<Scope> scopes, Set<TenantId> tenants) {
        return TokenIssue.into(file, "", List.copyOf(scopes), List.copyOf(tenants), Instant.now(), null)
                .secret();
    }

    @Test
    @DisplayName("import a file as into a data directory, and log the same acknowledgements")
    void imports() throws IOException {
        Path file = directory.resolve("events.ndjson");
        String lines = IntStream.rangeClosed(1, 2_500)
                .mapToObj(i ->
                        "{\"tenant\":" + (i % 2 == 0 ? "1" : "\"acme\"") + ",\"signal\":\"view\",\"entity_name\":\"e"
                                + i % 40 + "\",\"weight\":0.1,\"ts\":" + (1_700_000_000_000_000_000L + i) + "}\n")
                .collect(Collectors.joining());
        Files.writeString(
                file,
                lines + "nonsense\n{\"tenant\":9,\"signal\":\"view\",\"entity\":1}\n"
                        + "{\"tenant\":1,\"signal\":\"nope\",\"entity\":1}\n"
                        + "{\"tenant\":1,\"signal\":\"view\",\"entity\":1,\"ts\":\"2200-01-01T00:00:00Z\"}\n");
        try (Both both = new Both()) {
            both.both("tenant create --tenant 1");
            both.both("tenant create --tenant 2 --label acme");
            Path local = directory.resolve("local.acks");
            Path remote = directory.resolve("remote.acks");
            Result embedded = run(
                            "signal import --output json --ack-log " + local + " " + file, "--data-dir", both.store)
                    .is(0);
            Result over = run(
                            "signal import --output json --ack-log " + remote + " " + file,
                            "--server",
                            url(both.server))
                    .is(0, "line 2501: ", "line 2502: tenant \"9\"", "line 2503: signal \"nope\"", "line 2504: ");
            assertThat(over.out())
                    .isEqualTo(embedded.out())
                    .contains("\"read\":2504,\"accepted\":2500,\"throttled\":0,\"malformed\":4,\"skipped\":0");
            assertThat(withoutPositions(remote)).hasSize(2_500).isEqualTo(withoutPositions(local));
            assertThat(positions(remote)).isEqualTo(recorded(both.server, 1) + recorded(both.server, 2));
        }
    }

    @Test
    @DisplayName("import at the rate that is allowed, and leave out what a cap refuses")
    void importsWithinQuotas() throws IOException {
        Path file = directory.resolve("events.csv");
        Files.writeString(
                file,
                "tenant,signal,entity\n"
                        + IntStream.rangeClosed(1, 600)
                                .mapToObj(i -> "1,view," + i % 30 + "\n")
                                .collect(Collectors.joining())
                        + "2,view,1\n2,view,2\n3,view,1\n");
        try (TestServer server = TestServer.start(directory, "")) {
            String url = url(server);
            run("tenant create --tenant 1 --max-signals-per-sec 1000 --burst 512 --server " + url)
                    .is(0);
            run("tenant create --tenant 2 --max-entities 1 --server " + url).is(0);
            Result result = run("signal import --create-tenants --output json " + file, "--server", url)
                    .is(3, "ENTITIES");
            assertThat(result.out()).contains("\"read\":603,\"accepted\":602,", "\"malformed\":0,\"skipped\":1}");
            assertThat(server.tidal.tenant(TenantId.of(3)).orElseThrow().total("view"))
                    .isEqualTo(1);
            Path others = Files.writeString(
                    directory.resolve("others.ndjson"), "{\"tenant\":\"3\",\"signal\":\"share\",\"entity\":\"7\"}\n");
            run("signal import --output json " + others, "--server", url)
                    .is(
                            0,
                            "\"share\" is not declared: declare it with tidal signal declare, or import with --create-signals");
            result = run("signal import --create-signals --half-life 2d --output json " + others, "--server", url)
                    .is(0);
            assertThat(result.out()).contains("\"read\":1,\"accepted\":1,");
            assertThat(server.tidal.signals()).anySatisfy(type -> {
                assertThat(type.name()).isEqualTo("share");
                assertThat(type.halfLife()).isEqualTo(Duration.ofDays(2));
            });
        }
        run("signal import " + file, "--server", "http://127.0.0.1:" + freePort())
                .is(1, "can't be reached");
    }

    private static List<String> withoutPositions(Path log) throws IOException {
        return Files.readAllLines(log).stream()
                .map(line -> line.replaceFirst("\"position\":\"[^\"]*\",", ""))
                .sorted()
                .toList();
    }

    private static String positions(Path log) throws IOException {
        Pattern form = Pattern.compile("\"tenant\":\"(\\d)\",\"position\":\"([^\"]*)\".*\"ts\":\"([^\"]*)\"");
        List<String> positions = new ArrayList<>();
        for (String line : Files.readAllLines(log)) {
            Matcher matcher = form.matcher(line);
            assertThat(matcher.find()).as(line).isTrue();
            positions.add(matcher.group(1) + " " + matcher.group(2) + " " + matcher.group(3) + "\n");
        }
        return positions.stream().sorted().collect(Collectors.joining());
    }

    private static String recorded(TestServer server, long tenant) {
        List<RecordedSignal> records = new ArrayList<>();
        server.tidal.tenant(TenantId.of(tenant)).orElseThrow().export(records::add);
        return records.stream()
                .map(record ->
                        tenant + " " + record.position() + " " + Instant.ofEpochSecond(0, record.eventNanos()) + "\n")
                .sorted()
                .collect(Collectors.joining());
    }
}
