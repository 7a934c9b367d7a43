package io.tidaldb.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A node's configuration")
class NodeConfigurationFileTest {

    private static final String WHOLE = """
            cluster: demo
            node: n0
            region: 0
            data_dir: ./data/n0
            http: {listen: 127.0.0.1:7400, tls: null}
            transport: {plugin: netty, listen: 127.0.0.1:7401, advertise: null, tls: null}
            wal: {plugin: file, segment_bytes: 16777216, durability: LOCAL, group_commit_max_wait: 0ms}
            peers: {n1: 127.0.0.1:7411, n2: 127.0.0.1:7421}
            shards: [{shard: 0, region: 0, node: n0}, {shard: 0, region: 1, node: n1}]
            signals: [{name: view, half_life: 7d, windows: [1h, 24h, 7d]}, {name: like, half_life: 30d}]
            plugins: {dir: ./plugins}
            auth: {tokens: null}
            limits: {max_future: 5m, idempotency_horizon: 24h, queue_bytes_per_tenant: 8MiB, body_bytes: 8MiB, frame_bytes: 1MiB, connections: 10000, retention: null, retention_max: 24h}
            debug: false
            """;

    private static NodeConfiguration parse(String text) {
        return parse(text, Map.of());
    }

    private static NodeConfiguration parse(String text, Map<String, String> environment) {
        return NodeConfigurationFile.parse("node.yaml", text, environment);
    }

    @Test
    @DisplayName("is read as it is documented")
    void whole() {
        NodeConfiguration read = parse(WHOLE);
        assertThat(read.cluster()).isEqualTo("demo");
        assertThat(read.dataDir()).isEqualTo(Path.of("./data/n0"));
        assertThat(read.http().listen()).isEqualTo(new Address("127.0.0.1", 7400));
        assertThat(read.http().tls()).isEmpty();
        assertThat(read.peers()).containsEntry(NodeId.of("n2"), new Address("127.0.0.1", 7421));
        assertThat(read.shards()).hasSize(2);
        assertThat(read.shards().get(1).region()).isEqualTo(RegionId.of(1));
        assertThat(read.signals().get(1)).isEqualTo(new NodeConfiguration.SignalSettings("like", Duration.ofDays(30)));
        assertThat(read.limits().bodyBytes().bytes()).isEqualTo(8 << 20);
        assertThat(read.limits().retention()).isEmpty();
        assertThat(read.pluginsDir()).contains(Path.of("./plugins"));
        assertThat(read.tokens()).isEmpty();
        assertThat(read.debug()).isFalse();
    }

    @Test
    @DisplayName("has defaults that equal what is documented")
    void defaults() {
        NodeConfiguration read = parse("data_dir: ./data/n0\n");
        NodeConfiguration whole = parse(WHOLE);
        assertThat(read.http()).isEqualTo(whole.http());
        assertThat(read.transport()).isEqualTo(whole.transport());
        assertThat(read.wal()).isEqualTo(whole.wal());
        assertThat(read.limits()).isEqualTo(whole.limits());
    }

    @Test
    @DisplayName("every key can be set in the environment, which wins")
    void environment() {
        NodeConfiguration read = parse(
                "data_dir: ./a\nhttp: {listen: 127.0.0.1:1}\n",
                Map.of(
                        "TIDAL_DATA_DIR", "./b",
                        "TIDAL_HTTP_LISTEN", "\"[::1]:7400\"",
                        "TIDAL_HTTP_TLS_KEYSTORE", "k.p12",
                        "TIDAL_HTTP_TLS_PASSWORD_FILE", "p",
                        "TIDAL_WAL_DURABILITY", "async",
                        "TIDAL_PEERS", "{n1: 127.0.0.1:7411}",
                        "TIDAL_SIGNALS", "[{name: skip, half_life: 1h}]",
                        "TIDAL_LIMITS_RETENTION", "2d",
                        "TIDAL_OPTS", "-Xmx1g",
                        "PATH", "/bin"));
        assertThat(read.dataDir()).isEqualTo(Path.of("./b"));
        assertThat(read.http().listen()).isEqualTo(new Address("::1", 7400));
        assertThat(read.http().tls()).contains(new NodeConfiguration.Tls(Path.of("k.p12"), Path.of("p")));
        assertThat(read.wal().durability()).isEqualTo(Durability.ASYNC);
        assertThat(read.peers()).hasSize(1);
        assertThat(read.signals().get(0).name()).isEqualTo("skip");
        assertThat(read.limits().retention()).contains(Duration.ofDays(2));
    }

    @ParameterizedTest
    @DisplayName("what is wrong is said with file, line, key and what is known")
    @CsvSource(
            delimiter = '|',
            value = {
                "data_dir: x\\nhttp:\\n  listn: 127.0.0.1:1 | node.yaml line 3: key \"http.listn\" is unknown: did you mean \"listen\"? Known keys: listen, tls",
                "data_dri: x | line 1: key \"data_dri\" is unknown: did you mean \"data_dir\"?",
                "data_dir: x\\nregoin: 1 | line 2: key \"regoin\" is unknown: did you mean \"region\"?",
                "data_dir: x\\nxyzzyx: 1 | is unknown. Known keys: cluster, node, region, data_dir, http,",
                "node: n0 | key \"data_dir\" is missing",
                "data_dir: '' | key \"data_dir\" is empty",
                "data_dir: x\\nauth: {tokens: ''} | key \"auth.tokens\" is empty",
                "data_dir: x\\ndata_dir: y | line 2",
                "data_dir: [x] | is not a single value",
                "data_dir: x\\nhttp: {listen: 127.0.0.1} | is not an address: expected HOST:PORT",
                "data_dir: x\\nhttp: {listen: 'h:99999'} | is not an address",
                "data_dir: x\\nlimits: {body_bytes: 8MB} | is not a size",
                "data_dir: x\\nlimits: {body_bytes: 1} | is out of range",
                "data_dir: x\\nlimits: {max_future: 5 minutes} | is not a duration",
                "data_dir: x\\nwal: {durability: SOME} | is not a durability: expected one of",
                "data_dir: x\\nsignals: [{name: view}] | key \"signals[0].half_life\" is missing",
                "data_dir: x\\nsignals: [{name: v, half_life: 1d, windows: [2h]}] | this version always has [1h, 24h, 7d]",
                "data_dir: x\\nshards: [{shard: 0, region: 0}] | key \"shards[0].node\" is missing",
                "data_dir: x\\ndebug: yes please | is neither true nor false",
                "data_dir: x\\npeers: {n1: 127.0.0.1:7401} | peers.n1 is 127.0.0.1:7401, as is transport.listen: expected an address of its own",
                "data_dir: x\\npeers: {n1: h:1, n2: h:1} | peers.n2 is h:1, as is peers.n1",
                "data_dir: x\\npeers: {n1: h:0} | peers.n1 is h:0: expected the port at which that node listens",
                "data_dir: x\\nhttp: {listen: 127.0.0.1:7401}\\npeers: {n1: h:1} | transport.listen is 127.0.0.1:7401, as is http.listen",
                "data_dir: x\\ntransport: {plugin: inproc}\\npeers: {n1: h:1} | transport.plugin inproc reaches no other process",
                "data_dir: x\\njoin: {n1: h:1}\\npeers: {n2: h:2} | join is given together with peers or shards: expected join alone",
                "data_dir: x\\njoin: {n0: h:1} | join names this node, n0",
                "data_dir: x\\njoin: {n1: h:0} | join.n1 is h:0: expected the port at which that node listens",
                "data_dir: &a x\\nnode: *a | anchor, alias or tag",
                "a: b: c | is not YAML",
                "- x | is not a mapping",
                "'' | is missing"
            })
    void faults(String text, String message) {
        assertThatThrownBy(() -> parse(text.replace("\\n", "\n")))
                .isInstanceOfSatisfying(
                        TidalException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
                .hasMessageContaining(message);
    }

    @Test
    @DisplayName("a misspelt variable is refused, and what others set for a service called tidal is not")
    void misspeltVariable() {
        assertThatThrownBy(() -> parse("data_dir: x", Map.of("TIDAL_HTTP_LISTN", "x")))
                .hasMessageContaining("TIDAL_HTTP_LISTN is no configuration key: did you mean \"TIDAL_HTTP_LISTEN\"?");
        parse(
                "data_dir: x",
                Map.of("TIDAL_SERVICE_HOST", "10.0.0.1", "TIDAL_PORT", "tcp://10.0.0.1:1", "TIDAL_PORT_7400_TCP", "y"));
    }

    @ParameterizedTest
    @DisplayName("nothing listens beyond this machine without encryption and tokens")
    @ValueSource(
            strings = {
                "http: {listen: '0.0.0.0:7400'}",
                "http: {listen: '0.0.0.0:7400'}\nauth: {tokens: t}",
                "http: {listen: '0.0.0.0:7400', tls: {keystore: k, password_file: p}}",
                "http: {listen: '[::]:7400'}",
                "transport: {listen: '0.0.0.0:7401'}"
            })
    void exposure(String more) {
        assertThatThrownBy(() -> parse("data_dir: x\n" + more))
                .isInstanceOfSatisfying(
                        TidalException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
                .hasMessageContaining("can be reached from other machines: set ");
    }

    @Test
    @DisplayName("with both it may")
    void exposed() {
        parse("data_dir: x\nauth: {tokens: t}\nhttp: {listen: '0.0.0.0:7400', tls: {keystore: k, password_file: p}}");
    }

    @ParameterizedTest
    @CsvSource({"0,0", "64KiB,65536", "8MiB,8388608", "2GiB,2147483648", "12B,12"})
    @DisplayName("sizes have binary units")
    void sizes(String text, long bytes) {
        assertThat(ByteSize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1.5MiB", "99999999999999999999", "999999999999TiB", "MiB", "1 kb"})
    @DisplayName("other sizes are refused")
    void badSizes(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text)).hasMessageContaining("is not a size");
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:7400", "db.example.com:0", "[::1]:65535"})
    @DisplayName("addresses print as they are read")
    void addresses(String text) {
        assertThat(Address.parse(text)).hasToString(text);
    }
}
