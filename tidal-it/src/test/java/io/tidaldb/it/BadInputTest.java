package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.core.EntityNames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a command is given, it says what is wrong in one line, answers with the fixed code and leaves the data as it was. */
@DisplayName("Bad input")
class BadInputTest {

    private static final String GOOD =
            "{\"tenant\":\"7\",\"signal\":\"view\",\"entity\":\"42\",\"weight\":2,\"ts\":\"2026-01-01T00:00:00Z\"}\n";

    @TempDir
    static Path work;

    private static Path store;
    private static String before;

    @BeforeAll
    static void makeAStore() throws IOException {
        store = work.resolve("store");
        Cli.run("tenant", "create", "--data-dir", store, "--tenant", "7", "--label", "acme")
                .done();
        Cli.run("signal", "import", "--data-dir", store, write("good.ndjson", GOOD))
                .done();
        write("empty", "");
        write("acks.ndjson", "{\"line\":1,\"tenant\":\"7\"}\n");
        write("cut.ndjson", "{\"line\":1,\"tenant\":\"7\"");
        Files.createDirectory(work.resolve("directory"));
        before = dump();
    }

    private static Path write(String name, String content) throws IOException {
        return Files.writeString(work.resolve(name), content);
    }

    private static String dump() {
        return Cli.run("wal", "dump", store).done().out();
    }

    static Stream<Arguments> commands() {
        String record = "signal record --data-dir STORE --tenant 7 --signal view --entity 1 ";
        String load = "signal load --data-dir STORE --tenant 7 --rate 10 --duration 1s --ack-log W/load.ndjson ";
        String score = "query score --data-dir STORE --tenant 7 --signal view --entity 42 ";
        String session = "session write --data-dir STORE --tenant 7 --session 1 ";
        return Stream.of(
                // Words.
                refused("", 2, "which command? See tidal --help"),
                refused("nope", 2, "unknown command 'nope': expected one of audit, cluster, completion, "),
                refused("signal nope", 2, "unknown command 'nope': expected one of declare, export, import"),
                refused("wal", 2, "needs a subcommand: expected one of dump, inspect, verify"),
                refused("audit", 2, "needs a subcommand: expected one of export, list, verify"),
                refused(
                        "upgrade",
                        2,
                        "needs a subcommand: expected one of check, drain, finalize, plan, rejoin, status"),
                refused("upgrade check --data-dir STORE", 2, "--downgrade-to"),
                refused("upgrade check --downgrade-to one --data-dir STORE", 2, "MAJOR.MINOR"),
                refused("upgrade check --downgrade-to 99.0 --data-dir STORE", 2, "newer than this version"),
                refused("upgrade check --downgrade-to 0.1 --data-dir STORE --server http://127.0.0.1:1", 2, "exclude"),
                refused("upgrade check --downgrade-to 0.1 --server ftp://x", 2, "ftp://x"),
                refused("upgrade check --downgrade-to 0.1 --data-dir W/absent", 2, "W/absent"),
                refused("upgrade drain", 2, "NODE"),
                refused("upgrade drain n1 --timeout soon", 2, "\"soon\" is not a duration"),
                refused("upgrade drain ../n1", 2, "../n1"),
                refused("upgrade rejoin n1 --server ftp://x", 2, "ftp://x"),
                refused("migrate", 2, "needs a subcommand: expected one of abort, list, pause, resume"),
                refused("migrate start --data-dir STORE --tenant 7 --from r0:s0", 2, "--to"),
                refused("migrate start --data-dir STORE --tenant 7 --from r0:s0 --to nope", 2, "nope"),
                refused(
                        "migrate start --data-dir STORE --tenant 8 --from r0:s0 --to r0:s1",
                        1,
                        "tenant 8 does not exist"),
                refused("migrate start --data-dir STORE --tenant 7 --from r0:s0 --to r0:s0", 2, "source and target"),
                refused("migrate start --data-dir STORE --tenant 7 --from r0:s0 --to r0:s9", 2, "no shard r0:s9"),
                refused("migrate start --data-dir STORE --tenant 7 --from r1:s0 --to r0:s1", 2, "leads none of its"),
                refused(
                        "migrate start --data-dir STORE --tenant 7 --from r0:s0 --to r0:s1 --verify half",
                        2,
                        "--verify"),
                refused(
                        "migrate status 9 --data-dir STORE",
                        1,
                        "migration 9 does not exist",
                        "tidal migrate list",
                        "GET /v1/migrations"),
                refused("migrate abort 9 --data-dir STORE", 1, "migration 9 does not exist", "tidal migrate list"),
                refused("debug", 2, "needs a subcommand: expected one of partition"),
                refused("debug partition --from r0", 2, "--to"),
                refused("debug partition --from r0 --to mars", 2, "mars"),
                refused("debug partition --from r0 --to r1 --for soon", 2, "\"soon\" is not a duration"),
                refused("debug partition --from r0 --to r1 --server ftp://x", 2, "ftp://x"),
                refused("cluster reconcile --tenant 7 --server http://127.0.0.1:1", 1, "can't be reached"),
                refused("cluster reconcile --timeout soon", 2, "\"soon\" is not a duration"),
                refused("cluster reconcile --server ftp://x", 2, "ftp://x"),
                refused("cluster drill --tenant 7", 2, "--lose-region"),
                refused("cluster drill --tenant 7 --lose-region east", 2, "east"),
                refused("cluster drill --tenant 7 --lose-region r0 --server http://127.0.0.1:1", 1, "can't be reached"),
                refused("audit list --data-dir W/absent", 2, "W/absent does not exist", "expected a data directory"),
                refused("entity", 2, "needs a subcommand: expected one of erase, erasures"),
                refused("entity erase --data-dir STORE --tenant 1", 2, "Expected one of --entity ID and --name NAME"),
                refused("entity erase --data-dir STORE --tenant 999 --entity 1 --yes", 1, "tenant 999 does not exist"),
                refused("entity erase --data-dir STORE --tenant 7 --entity 1", 3, "repeat with --yes"),
                refused("audit list --access --data-dir STORE", 1, "there is no access log in W/store"),
                refused("audit list --data-dir STORE --limit 0", 2, "--limit 0 is out of range", "1 to 100000"),
                refused("audit verify --data-dir STORE --server http://127.0.0.1:1", 2, "exclude each other"),
                refused("tenant create --data-dir STORE --file W/absent --dry-run", 2, "exclude each other"),
                refused("tenant list --data-dir STORE extra", 2, "unexpected argument 'extra'"),
                refused("tenant list --data-dir STORE --nope", 2, "Unknown option: '--nope'"),
                refused("tenant list --data-dir STORE --output xml", 2, "--output", "TABLE, JSON", "'xml'"),
                refused("signal types --server http://127.0.0.1:1", 1, "127.0.0.1:1", "can't be reached"),
                refused("tenant list --server 127.0.0.1:1", 2, "\"127.0.0.1:1\"", "expected http://HOST:PORT"),
                refused("tenant list --server http://127.0.0.1:1", 1, "http://127.0.0.1:1 can't be reached"),
                refused("tenant list --data-dir STORE --server http://127.0.0.1:1", 2, "exclude each other"),
                refused("tenant list --data-dir W/absent", 1, "W/absent does not exist", "tidal tenant create"),
                refused("tenant list --data-dir W/good.ndjson", 2, "good.ndjson is not a directory"),
                // One event.
                refused(record + "--entity 2", 2, "--entity", "only once"),
                refused(record + "--name x", 2, "which entity? Expected one of --entity ID and --name NAME"),
                refused(record + "--weight NaN", 2, "weight NaN", "entity 1", "±3.4e38"),
                refused(record + "--weight -Infinity", 2, "weight -Infinity", "±3.4e38"),
                refused(record + "--weight 1e39", 2, "weight 1.0E39", "±3.4e38"),
                refused(record + "--weight heavy", 2, "--weight", "'heavy' is not a double"),
                refused(record + "--ts 2200-01-01T00:00:00Z", 1, "2200-01-01", "PT5M", "EVENT_TIME_TOO_FAR"),
                refused(record + "--ts 1969-12-31T23:59:59Z", 2, "--ts", "1970"),
                refused(record + "--ts tomorrow", 2, "--ts", "\"tomorrow\"", "ISO-8601"),
                refused(record + "--durability SURE", 2, "--durability", "ASYNC, LOCAL, MAJORITY, ALL", "'SURE'"),
                refused(record + "--durability ALL", 1, "durability ALL", "needs replicas", "ASYNC or LOCAL"),
                refused(record + "--idempotency-key 7", 2, "\"7\" is not a UUID: expected the form"),
                refused(record.replace("view", "stare"), 1, "\"stare\" is not declared", "like, view"),
                refused(record.replace("--entity 1", "--entity -1"), 2, "\"-1\"", "0 to 18446744073709551615"),
                refused(
                        record.replace("--entity 1", "--entity 18446744073709551616"),
                        2,
                        "\"18446744073709551616\"",
                        "0 to 18446744073709551615"),
                refused(record.replace("--entity 1", ""), 2, "which entity?"),
                refused(record.replace("--entity 1", "--name " + "x".repeat(1025)), 2, "1025 bytes", "1 to 1024"),
                refused(record.replace("--tenant 7", "--tenant 8"), 1, "tenant 8 does not exist", "tidal tenant list"),
                refused(
                        record.replace("--tenant 7", "--tenant 18446744073709551616"),
                        2,
                        "\"18446744073709551616\"",
                        "0 to 18446744073709551615"),
                refused(record.replace("--tenant 7", ""), 2, "Missing required option: '--tenant=T'"),
                // A file of events.
                refused("signal import --data-dir STORE", 2, "Missing required parameter: 'FILE'"),
                refused("signal import --data-dir STORE W/absent", 1, "W/absent does not exist"),
                refused("signal import --data-dir STORE W/directory", 2, "W/directory is a directory"),
                refused("signal import --data-dir STORE W/good.ndjson --map a=b", 2, "\"a=b\"", "FIELD=COLUMN"),
                refused("signal import --data-dir STORE W/good.ndjson --map ts=", 2, "\"ts=\"", "FIELD=COLUMN"),
                refused(
                        "signal import --data-dir STORE W/good.ndjson --map ts=a,ts=b",
                        2,
                        "names ts twice",
                        "ts=a,ts=b"),
                refused("signal import --data-dir STORE W/good.ndjson --on-throttle run", 2, "WAIT, SKIP", "'run'"),
                refused("signal import --data-dir STORE W/good.ndjson --entities both", 2, "ID, NAME", "'both'"),
                refused("signal import --data-dir STORE W/good.ndjson --half-life 5", 2, "\"5\"", "with a unit"),
                refused("signal import --data-dir STORE W/good.ndjson --half-life 5d", 2, "expected --create-signals"),
                refused("signal import --data-dir STORE W/good.ndjson --ack-log W/directory", 2, "is a directory"),
                refused(
                        "signal import --data-dir STORE W/good.ndjson --ack-log W/absent/acks",
                        1,
                        "W/absent is not a directory; create it"),
                refused(
                        "signal import --data-dir STORE W/good.ndjson --ack-log W/good.ndjson",
                        2,
                        "is the file of events: expected another one"),
                // A load.
                refused(load + "--rate 1", 2, "--rate", "only once"),
                refused(load.replace("10", "0"), 2, "--rate 0.0", "above 0, up to 1e8"),
                refused(load.replace("10", "-3"), 2, "--rate -3.0", "above 0, up to 1e8"),
                refused(load.replace("10", "NaN"), 2, "--rate NaN", "above 0, up to 1e8"),
                refused(load.replace("1s", "0s"), 2, "--duration 0", "above 0"),
                refused(load.replace("1s", "-1s"), 2, "--duration", "\"-1s\""),
                refused(load + "--writers -1", 2, "--writers -1", "1 to 256"),
                refused(load + "--writers many", 2, "--writers", "'many' is not a whole number"),
                refused(load + "--entities -1", 2, "--entities -1", "1 or more"),
                refused(load + "--reads-every 0s", 2, "--reads-every 0", "above 0"),
                refused(load + "--signal stare", 1, "stare is not declared", "tidal signal declare stare"),
                refused(load.replace("W/load.ndjson", "W/directory"), 2, "W/directory is a directory"),
                // Acknowledgements.
                refused("signal verify --data-dir STORE", 2, "Missing required option: '--ack-log=FILE'"),
                refused("signal verify --data-dir STORE --ack-log W/absent", 1, "W/absent does not exist"),
                refused("signal verify --data-dir STORE --ack-log W/directory", 2, "W/directory is a directory"),
                refused("signal verify --data-dir STORE --ack-log W/acks.ndjson", 1, "line 1", "position is missing"),
                // Reads.
                refused(score + "--at never", 2, "--at", "\"never\"", "ISO-8601"),
                refused(score + "--min-position 5", 2, "\"5\"", "r0:s0:42"),
                refused(score + "--min-position r0:s0:999", 1, "r0:s0:999", "not known here", "POSITION_UNKNOWN"),
                refused(score.replace("view", "stare"), 1, "\"stare\" is not declared", "like, view"),
                refused(score.replace("score", "count") + "--window 2h", 2, "--window", "1h, 24h or 7d"),
                refused("query top --data-dir STORE --tenant 7 --signal view --k -1", 2, "-1", "1 to 10000"),
                refused("query top --data-dir STORE --tenant nobody --signal view", 1, "nobody", "tidal tenant list"),
                // Hard negatives and sessions.
                refused("negative hide --data-dir STORE --tenant 7 --user 1", 2, "which entity?"),
                refused("negative hide --data-dir STORE --tenant 7 --entity 1", 2, "--user=ID"),
                refused("negative mute --data-dir STORE --tenant 7 --user -1 --entity 1", 2, "\"-1\"", "0 to 1844"),
                refused(
                        "negative withdraw --data-dir STORE --tenant 7 --user 1 --entity 1 --kind love",
                        2,
                        "--kind",
                        "HIDE, MUTE, BLOCK"),
                refused(
                        "negative withdraw --data-dir STORE --tenant 7 --user 1 --entity 1 --record r0:s9:1",
                        2,
                        "r0:s9:1",
                        "expected one of shard s0"),
                refused("negative list --data-dir STORE --tenant 7 --user 1 --min-position x", 2, "\"x\"", "r0:s0:42"),
                refused("query top --data-dir STORE --tenant 7 --signal view --user anna", 2, "\"anna\"", "0 to 1844"),
                refused(
                        "session start --data-dir STORE --tenant 7 --session x --user 1",
                        2,
                        "session id \"x\"",
                        "0 to 1844"),
                refused("session export --data-dir STORE --tenant 99", 1, "tenant 99 does not exist"),
                refused("session export --data-dir STORE --tenant 7 --format csv", 2, "NDJSON, PARQUET", "csv"),
                refused("session export --data-dir STORE --tenant 7 --format parquet", 2, "name it with --to FILE"),
                refused("session export --data-dir STORE --tenant 7 --to W/new", 2, "add --format parquet"),
                refused(
                        "session export --data-dir STORE --tenant 7 --format parquet --to W/empty",
                        2,
                        "W/empty exists: remove it"),
                refused(
                        "signal export --data-dir STORE --tenant 7 --format parquet --to W/absent/new",
                        2,
                        "W/absent is no directory"),
                refused("session show --data-dir STORE --tenant 7 --session 1", 1, "no session 1", "SESSION_NOT_FOUND"),
                refused("session show --data-dir STORE --tenant 7 --session 1 --wait 2", 2, "--wait", "with a unit"),
                refused(session + "--number 0 --query a", 2, "number 0", "1 to 10000"),
                refused(session + "--number 1 --query a", 2, "number 1 of session 1", "its start"),
                refused(session + "--number 2", 2, "exactly one of --preference"),
                refused(session + "--number 2 --query a --annotation b", 2, "exactly one of --preference"),
                refused(session + "--number 2 --preference language", 2, "\"language\"", "KEY=VALUE"),
                refused(session + "--number 2 --interaction view", 2, "which entity?"),
                refused(session + "--number 2 --interaction stare --entity 1", 1, "\"stare\" is not declared"),
                refused(session + "--number 2 --interaction view --entity 1 --weight NaN", 2, "NaN", "not finite"),
                refused(session + "--number 2 --query " + "x".repeat(4_097), 2, "4097 bytes", "1 to 4096"),
                // Tenants and types.
                refused("tenant backup --data-dir STORE --tenant 7", 2, "Missing required option: '--to=DIR'"),
                refused("tenant backup --data-dir STORE --tenant 7 --to W/good.ndjson", 2, "good.ndjson is a file"),
                refused(
                        "tenant backup --data-dir STORE --tenant 7 --to /proc/absent/b",
                        1,
                        "/proc/absent/b can't be made"),
                refused("tenant set --data-dir STORE 7", 2, "what is to be changed?", "--label"),
                refused("tenant set --data-dir STORE 7 --burst some", 2, "--burst some is not a number", "unlimited"),
                refused("audit list --data-dir STORE --from 0", 2, "--from 0 is out of range", "1 or more"),
                refused(
                        "token create --tokens W/absent/t.json --scope operator",
                        1,
                        "t.json can't be written",
                        "create it"),
                refused("migrate status one --data-dir STORE", 2, "'one' is not a whole number"),
                refused("tenant backup --data-dir STORE --tenant 99 --to W/b99", 1, "tenant 99 does not exist"),
                refused("tenant restore --data-dir STORE --from W/absent", 2, "W/absent does not exist"),
                refused("tenant restore --data-dir STORE --from W/good.ndjson", 1, "good.ndjson", "CORRUPT_DATA"),
                refused("tenant restore --data-dir STORE --from W/good.ndjson --at noon", 2, "\"noon\"", "r0:s0:42"),
                refused("tenant create --data-dir STORE --tenant 7", 1, "t7 exists already", "TENANT_EXISTS"),
                refused(
                        "tenant create --data-dir STORE --tenant 8 --encrypted",
                        1,
                        "no key vault",
                        "keys.dir",
                        "--keys DIR",
                        "KEY_UNAVAILABLE"),
                refused(
                        "tenant create --data-dir STORE --tenant 8 --encrypted --keys W/absent",
                        1,
                        "W/absent",
                        "32 random"),
                refused("tenant key show --data-dir STORE --tenant 99", 1, "tenant 99 does not exist"),
                refused("tenant key rotate --data-dir STORE --tenant 7", 2, "t7 is not encrypted"),
                refused("tenant key revoke --data-dir STORE --tenant 7", 2, "t7 is not encrypted"),
                refused("tenant key restore --data-dir STORE --tenant 7", 2, "t7 is not encrypted"),
                refused("tenant create --data-dir STORE --tenant x", 2, "\"x\"", "0 to 18446744073709551615"),
                refused("tenant create --data-dir STORE --label acme", 2, "\"acme\"", "taken by tenant t7"),
                refused("tenant create --data-dir STORE --max-entities -1", 2, "max entities", "-1", "above 0"),
                refused("tenant create --data-dir STORE --max-entities few", 2, "--max-entities few", "unlimited"),
                refused("tenant create --data-dir STORE --max-storage-bytes 0", 2, "max storage bytes", "above 0"),
                refused("tenant create --data-dir STORE --max-signals-per-sec NaN", 2, "NaN", "above 0"),
                refused("tenant create --data-dir STORE --regions 70000", 2, "\"70000\"", "0 to 65535"),
                refused("tenant create --data-dir STORE --regions r9", 1, "[r9]", "[r0]", "RESIDENCY_UNSATISFIABLE"),
                refused("tenant create --data-dir STORE --shards 5", 2, "\"5\"", "r1:s3"),
                refused("tenant create --data-dir STORE --slots 0", 2, "slots", "1 to 65535"),
                refused("tenant set --data-dir STORE 8 --label x", 1, "tenant 8 does not exist"),
                refused("tenant show --data-dir STORE", 2, "which tenant?"),
                refused("tenant delete --data-dir STORE 7", 3, "erases its data for good: repeat with --yes"),
                refused("signal declare --data-dir STORE view --half-life 1d", 1, "view is declared", "new name"),
                refused("signal declare --data-dir STORE a/b", 2, "\"a/b\"", "1 to 64 letters"),
                refused("signal declare --data-dir STORE x --half-life 0s", 2, "PT0S", "1 second to 100 years"),
                // Logs.
                refused("wal verify", 2, "Missing required parameter: 'DIR'"),
                refused("wal verify W/absent", 2, "W/absent does not exist: expected a data directory"),
                refused("wal dump W/empty", 2, "W/empty is not a directory: expected a data directory"),
                refused("wal inspect W/directory", 1, "W/directory is not a data directory", "tidal.json"),
                // Where a tenant is.
                refused(
                        "tenant set --data-dir STORE 7 --regions r9",
                        1,
                        "no replica of shard s0",
                        "[r0:s0]",
                        "RESIDENCY_UNSATISFIABLE"),
                refused("tenant set --data-dir STORE 7 --regions 70000", 2, "70000", "65535"),
                refused("tenant set --data-dir STORE 7 --without r0:s0", 1, "no replica of shard s0", "[r0:s0]"),
                refused("tenant set --data-dir STORE 7 --without r0:s9", 2, "without replica r0:s9", "[s0]"),
                refused("tenant set --data-dir STORE 7 --without s0", 2, "\"s0\"", "r1:s3"),
                // Making a cluster.
                refused("cluster init --data-dir STORE", 2, "'--data-dir'"),
                refused("cluster init n0", 2, "'n0'"),
                refused("cluster init --server n0", 2, "n0", "http"),
                refused("cluster init --server http://127.0.0.1:1", 1, "127.0.0.1:1"),
                // Quickstart.
                refused("quickstart --events W/absent", 1, "W/absent does not exist"),
                refused("quickstart --data-dir STORE", 2, "is not empty", "needs an empty directory"),
                refused("quickstart --wal paper", 2, "--wal paper", "\"paper\" is missing", "\"file\" (class path)"),
                refused("quickstart --wal memory", 2, "--wal memory keeps nothing", "durable"),
                refused("quickstart --plugins W/absent", 2, "W/absent does not exist", "create it"),
                refused("tenant create --data-dir W/new --wal paper", 2, "--wal paper", "\"file\" (class path)"),
                refused("plugins list --plugins W/absent", 1, "W/absent does not exist", "create it"),
                refused(
                        "quickstart --transport pigeon",
                        2,
                        "--transport pigeon",
                        "\"pigeon\" is missing",
                        "\"inproc\" (class path)"));
    }

    private static Arguments refused(String command, int code, String... said) {
        return arguments(command, code, said);
    }

    @ParameterizedTest(name = "tidal {0}")
    @MethodSource("commands")
    @DisplayName(
            "R-20: a command that makes no sense says what was expected, ends with the fixed code and changes nothing")
    void isRefused(String command, int code, String[] said) {
        Object[] words = command.isEmpty()
                ? new Object[0]
                : Arrays.stream(command.strip().split(" +"))
                        .map(word -> word.replace("STORE", store.toString()).replace("W/", work + "/"))
                        .toArray();

        Cli.Answer answer = Cli.run(words).ended(code);

        saysClearly(answer);
        for (String fragment : said) {
            assertThat(answer.err()).contains(fragment.replace("W/", work + "/"));
        }
        assertThat(answer.out()).isEmpty();
        assertThat(dump()).isEqualTo(before);
        assertThat(work.resolve("absent")).doesNotExist();
        assertThat(work.resolve("load.ndjson")).doesNotExist();
        assertThat(work.resolve("good.ndjson")).hasContent(GOOD);
    }

    private static void saysClearly(Cli.Answer answer) {
        assertThat(answer.err().lines().filter(line -> line.startsWith("tidal: ")))
                .as(answer.err())
                .hasSize(1);
        assertThat(answer.err()).doesNotContain("Exception", "\tat ", "internal error", "java.", "null");
    }

    static Stream<Arguments> lines() {
        return Stream.of(
                arguments("not JSON at all", "not JSON: Unrecognized token 'not'"),
                arguments("{\"tenant\":\"7\"", "not JSON: Unexpected end-of-input"),
                arguments("[7]", "not a JSON object"),
                arguments("{}", "tenant is missing"),
                arguments("{\"tenant\":\"7\",\"entity\":\"1\"}", "signal is missing"),
                arguments("{\"tenant\":\"7\",\"signal\":\"view\"}", "entity is missing"),
                arguments(event("tenant", "true"), "tenant is neither text nor a number"),
                arguments(event("tenant", "\"8\""), "tenant \"8\" does not exist; --create-tenants would create it"),
                arguments(event("tenant", "18446744073709551616"), "expected 0 to 18446744073709551615"),
                arguments(event("signal", "\"stare\""), "signal \"stare\" is not declared: expected one of like, view"),
                arguments(event("entity", "-1"), "entity id \"-1\" is not an unsigned 64-bit decimal number"),
                arguments(event("entity", "1.5"), "entity id \"1.5\" is not an unsigned 64-bit decimal number"),
                arguments(event("entity", "18446744073709551616"), "expected 0 to 18446744073709551615"),
                arguments(event("entity", "\"42\\u0000\""), "entity id"),
                arguments(event("weight", "\"NaN\""), "weight NaN"),
                arguments(event("weight", "NaN"), "not JSON: Non-standard token 'NaN'"),
                arguments(event("weight", "\"Infinity\""), "weight Infinity"),
                arguments(event("weight", "1e39"), "weight 1.0E39"),
                arguments(event("weight", "\"1d\""), "weight \"1d\" is not a number"),
                arguments(event("weight", "\"0x1p3\""), "weight \"0x1p3\" is not a number"),
                arguments(event("weight", "[1]"), "weight is neither text nor a number"),
                arguments(event("ts", "\"yesterday\""), "time \"yesterday\" is not valid: expected ISO-8601"),
                arguments(event("ts", "-5"), "time \"-5\" is not valid"),
                arguments(event("ts", "\"2200-01-01T00:00:00Z\""), "is too far ahead: expected at most PT5M after"),
                arguments(event("entity_name", "\"x\""), "is not the id of entity_name \"x\""),
                arguments("{\"tenant\":\"7\"," + event("tenant", "\"8\"").substring(1), "Duplicate field 'tenant'"),
                arguments(event("entity", "\"" + "9".repeat(70_000) + "\""), "longer than 65536 bytes"));
    }

    /** Returns a good event with one field changed or added. */
    private static String event(String field, String value) {
        StringBuilder line = new StringBuilder("{");
        for (String[] known : new String[][] {{"tenant", "\"7\""}, {"signal", "\"view\""}, {"entity", "\"42\""}}) {
            line.append(line.length() > 1 ? "," : "")
                    .append('"')
                    .append(known[0])
                    .append("\":")
                    .append(known[0].equals(field) ? value : known[1]);
        }
        boolean added = !List.of("tenant", "signal", "entity").contains(field);
        return line.append(added ? ",\"" + field + "\":" + value : "")
                .append('}')
                .toString();
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("lines")
    @DisplayName("a malformed line is counted and named, wherever it stands, and the lines around it are recorded")
    void malformedLines(String line, String said) throws IOException {
        for (int place = 0; place < 2; place++) {
            Path directory = Trees.copy(store, work.resolve("lines"));
            Path file = write("lines.ndjson", place == 0 ? line + "\n" + GOOD : GOOD + line + "\n" + GOOD);

            Cli.Answer answer = Cli.run("signal", "import", "--data-dir", directory, file, "--output", "json");

            if (place == 0 && !line.startsWith("{")) {
                // Then nothing says that the file is NDJSON.
                saysClearly(answer.ended(answer.code() == 1 ? 1 : 2));
                continue;
            }
            JsonNode report = answer.done().json();
            assertThat(report.path("read").asInt()).isEqualTo(2 + place);
            assertThat(report.path("malformed").asInt()).isEqualTo(1);
            assertThat(report.path("accepted").asInt()).isEqualTo(1 + place);
            assertThat(answer.err())
                    .contains("line " + (1 + place) + ": ", said)
                    .doesNotContain("Feature", "REDACTED");
            assertThat(signals(directory)).isEqualTo(2 + place);

            if (place == 1) {
                continue;
            }
            Trees.copy(store, directory);
            answer = Cli.run("signal", "import", "--data-dir", directory, file, "--strict", "--output", "json")
                    .ended(1);
            assertThat(answer.err()).contains("tidal: import stopped: line " + (1 + place) + " is malformed: ");
        }
    }

    private static long signals(Path directory) {
        return Cli.run("wal", "dump", directory)
                .done()
                .out()
                .lines()
                .filter(line -> line.contains("\"kind\":\"signals\""))
                .count();
    }

    static Stream<Arguments> files() throws IOException {
        byte[] zipped = gzip(GOOD.repeat(2_000));
        byte[] noise = new byte[20_000];
        new Random(7).nextBytes(noise);
        byte[] latin = "tenant,signal,entity\n7,view,1\n"
                .replace("tenant", "t\u00e9nant")
                .getBytes(StandardCharsets.ISO_8859_1);
        return Stream.of(
                arguments("noise", noise, "is not text: expected NDJSON, or CSV with a header"),
                arguments("another charset", latin, "line 1 is not UTF-8"),
                arguments("a gzip header only", Arrays.copyOf(zipped, 12), "is a damaged gzip file"),
                arguments("a cut gzip file", Arrays.copyOf(zipped, zipped.length - 6), "is a damaged gzip file"),
                arguments("a gzip file with a flipped bit", flipped(zipped), "is a damaged gzip file"),
                arguments("no gzip file", new byte[] {0x1f, (byte) 0x8b, 'x', 'y', 'z'}, "is a damaged gzip file"),
                arguments(
                        "a CSV file without columns",
                        "a,b\n1,2\n".getBytes(StandardCharsets.UTF_8),
                        "no column \"tenant\""),
                arguments(
                        "a column twice",
                        "tenant,tenant\n1,2\n".getBytes(StandardCharsets.UTF_8),
                        "has the column \"tenant\" twice"));
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static byte[] flipped(byte[] zipped) {
        byte[] damaged = zipped.clone();
        damaged[damaged.length - 7] ^= 1;
        return damaged;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    @DisplayName("a file that is no file of events is refused by its name, and counts only what was read before")
    void otherFiles(String name, byte[] content, String said) throws IOException {
        Path directory = Trees.copy(store, work.resolve("files"));
        Path file = Files.write(work.resolve("file.bin"), content);
        Path acks = work.resolve("file-acks.ndjson");

        Cli.Answer answer =
                Cli.run("signal", "import", "--data-dir", directory, file, "--ack-log", acks, "--output", "json");

        assertThat(answer.code()).as("%s%n%s", name, answer.err()).isIn(1, 2);
        saysClearly(answer);
        assertThat(answer.err()).contains(file.toString(), said);
        if (!answer.out().isEmpty()) {
            long accepted = answer.json().path("accepted").asLong();
            assertThat(signals(directory)).isEqualTo(1 + accepted);
            Cli.run("signal", "verify", "--data-dir", directory, "--ack-log", acks)
                    .done();
        } else {
            assertThat(signals(directory)).isEqualTo(1);
        }
        Path fresh = work.resolve("fresh");
        Files.deleteIfExists(acks);
        if (answer.out().isEmpty()) {
            Cli.run("signal", "import", "--data-dir", fresh, file, "--ack-log", acks);
            assertThat(fresh).doesNotExist();
            assertThat(acks).doesNotExist();
        }
    }

    @Test
    @DisplayName("an empty file, and an acknowledgement log of a process that died at once, hold nothing and are fine")
    void emptyFiles() {
        Cli.Answer answer = Cli.run("signal", "import", "--data-dir", store, work.resolve("empty"), "--output", "json")
                .done();
        assertThat(answer.json().path("read").asInt()).isZero();
        for (String log : List.of("empty", "cut.ndjson")) {
            Cli.Answer verified = Cli.run(
                            "signal", "verify", "--data-dir", store, "--ack-log", work.resolve(log), "--output", "json")
                    .done();
            assertThat(verified.json().path("acked").asInt()).isZero();
        }
        assertThat(dump()).isEqualTo(before);
    }

    @Test
    @DisplayName("two names with the same id: the second is refused by its line and never merged")
    void nameCollision() throws IOException {
        String first = collidingName('a', 'b');
        String second = collidingName('b', 'a');
        assertThat(EntityNames.idOf(first)).isEqualTo(EntityNames.idOf(second));
        assertThat(first).isNotEqualTo(second);
        Path directory = Trees.copy(store, work.resolve("names"));
        Path file = write("names.ndjson", named(first) + named(second) + named("other") + named(first));

        Cli.Answer answer = Cli.run("signal", "import", "--data-dir", directory, file, "--output", "json")
                .done();

        assertThat(answer.json().path("accepted").asInt()).isEqualTo(3);
        assertThat(answer.json().path("malformed").asInt()).isEqualTo(1);
        assertThat(answer.err()).contains("line 2: ", EntityNames.idOf(first).toString());
        Cli.Answer refused = Cli.run(
                        "signal",
                        "record",
                        "--data-dir",
                        directory,
                        "--tenant",
                        "7",
                        "--signal",
                        "view",
                        "--name",
                        second)
                .ended(1);
        saysClearly(refused);
        assertThat(refused.err()).contains("NAME_COLLISION");
        JsonNode count = Cli.run(
                        "query",
                        "count",
                        "--data-dir",
                        directory,
                        "--tenant",
                        "7",
                        "--signal",
                        "view",
                        "--name",
                        first,
                        "--output",
                        "json")
                .done()
                .json();
        assertThat(count.path("count").asInt()).isEqualTo(2);
        Cli.run("wal", "verify", directory).done();
    }

    private static String named(String name) {
        return "{\"tenant\":\"7\",\"signal\":\"view\",\"entity_name\":\"" + name.replace("\u001f", "\\u001f") + "\"}\n";
    }

    /**
     * Of a long input XXH3 multiplies the two halves of each word, after it has mixed them with a fixed secret. Where one half is the
     * secret's, the product is zero whatever the other half is, and the word counts as a summand only. Two such words in one lane may
     * swap their free bytes. The secret's bytes 20–23 and 28–31 can be part of UTF-8.
     */
    private static String collidingName(char one, char other) {
        byte[] name = new byte[320];
        Arrays.fill(name, (byte) 'n');
        byte[] stripe2 = {
            (byte) one, 'x', 'x', (byte) 0xf1, (byte) 0x83, (byte) 0x90, (byte) 0x97, (byte) 0xdb, (byte) 0x80
        };
        byte[] stripe3 = {(byte) other, 'x', 'x', (byte) 0xe1, (byte) 0xb7, (byte) 0xb3, 0x67, 0x1f};
        System.arraycopy(stripe2, 0, name, 2 * 64, stripe2.length);
        System.arraycopy(stripe3, 0, name, 3 * 64, stripe3.length);
        String text = new String(name, StandardCharsets.UTF_8);
        assertThat(text.getBytes(StandardCharsets.UTF_8)).isEqualTo(name);
        return text;
    }

    @Test
    @DisplayName("R-07: a directory or a log of a newer version is refused with both versions named, and left as it is")
    void newerVersions() throws IOException {
        Path directory = Trees.copy(store, work.resolve("newer"));
        Path identity = directory.resolve("tidal.json");
        String known = Files.readString(identity);
        Files.writeString(identity, known.replace("\"format\" : 2", "\"format\" : 3"));
        for (Object[] command : new Object[][] {
            {"tenant", "list", "--data-dir", directory},
            {"signal", "import", "--data-dir", directory, work.resolve("good.ndjson")},
            {"wal", "verify", directory},
            {"wal", "dump", directory},
            {"wal", "inspect", directory}
        }) {
            Cli.Answer answer = Cli.run(command).ended(1);
            saysClearly(answer);
            assertThat(answer.err()).contains("format 3", "expected up to 2", "FORMAT_TOO_NEW");
        }
        Files.writeString(identity, known);
        assertThat(Cli.run("wal", "dump", directory).done().out()).isEqualTo(before);

        Path segment = Trees.files(directory, ".seg").get(0);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(segment)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putShort(4, (short) 3).putInt(52, 0);
        CRC32C crc = new CRC32C();
        crc.update(bytes.array(), 0, 64);
        Files.write(segment, bytes.putInt(52, (int) crc.getValue()).array());
        assertThat(Cli.run("wal", "verify", directory).ended(1).out()).contains("version", "3");
        Cli.Answer answer = Cli.run("query", "top", "--data-dir", directory, "--tenant", "7", "--signal", "view")
                .ended(1);
        saysClearly(answer);
        assertThat(answer.err()).contains(segment.getFileName().toString(), "version");
        assertThat(Files.readAllBytes(segment)).isEqualTo(bytes.array());
    }

    @Test
    @DisplayName(
            "a second process on a data directory is refused by the first one's number, and overwrites no log of it")
    void secondProcess() throws Exception {
        Path directory = Trees.copy(store, work.resolve("shared"));
        Path acks = work.resolve("shared-acks.ndjson");
        Object[] load = {
            "signal",
            "load",
            "--data-dir",
            directory,
            "--tenant",
            "7",
            "--rate",
            "100",
            "--duration",
            "10m",
            "--ack-log",
            acks,
            "--output",
            "json"
        };
        try (AckLogWatch watch = new AckLogWatch(acks);
                TidalProcess first = TidalProcess.start(work.resolve("first.txt"), load)) {
            watch.await(1, first);
            try (TidalProcess second = TidalProcess.start(work.resolve("second.txt"), load)) {
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.errors())
                        .contains("tidal: data directory " + directory + " is in use", "pid=" + first.pid())
                        .contains("DIRECTORY_LOCKED")
                        .doesNotContain("Exception");
            }
            Cli.Answer answer = Cli.run(
                            "signal", "import", "--data-dir", directory, work.resolve("good.ndjson"), "--ack-log", acks)
                    .ended(1);
            saysClearly(answer);
            assertThat(answer.err()).contains("pid=" + first.pid());
            Cli.run("wal", "verify", directory).done();
            watch.await(watch.count() + 1, first);
            first.terminate();
            JsonNode report = Cli.parse(String.valueOf(first.line()));
            assertThat(first.exitCode()).isZero();
            assertThat(report.path("acked").asLong()).isEqualTo(watch.count());
            assertThat(report.path("failed").asLong()).isZero();
        }
        Cli.run("signal", "verify", "--data-dir", directory, "--ack-log", acks).done();
    }
}
