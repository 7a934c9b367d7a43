package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.server.auth.Scope;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.auth.TokenIssue;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every route with every kind of token, its own and another tenant's; the expectations are written here, not taken from the table. */
@DisplayName("Authorisation")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AuthorisationTest {

    private static final String MINE = "1";
    private static final String CANARY = "canary-of-tenant-two";

    private static final List<String> UNKNOWN = List.of("none", "forged", "wrong", "expired", "revoked");

    /** Who may: with a token to read, to write, for another tenant, with none. */
    private record Row(boolean read, boolean write, boolean other, boolean nobody) {}

    private static final Row OPERATORS = new Row(false, false, false, false);
    private static final Row READERS = new Row(true, false, false, false);
    private static final Row WRITERS = new Row(false, true, false, false);
    private static final Row KNOWN = new Row(true, true, true, false);
    private static final Row EVERYBODY = new Row(true, true, true, true);

    private static final Map<String, Row> EXPECTED = new TreeMap<>(Map.ofEntries(
            Map.entry("POST /v1/tenants", OPERATORS),
            Map.entry("GET /v1/tenants", OPERATORS),
            Map.entry("GET /v1/tenants/{tenant}", READERS),
            Map.entry("GET /v1/tenants/{tenant}/usage", READERS),
            Map.entry("PATCH /v1/tenants/{tenant}", OPERATORS),
            Map.entry("POST /v1/tenants/{tenant}/leader", OPERATORS),
            Map.entry("POST /v1/tenants/{tenant}/drills", OPERATORS),
            Map.entry("DELETE /v1/tenants/{tenant}", OPERATORS),
            Map.entry("POST /v1/tenants/{tenant}/signals", WRITERS),
            Map.entry("GET /v1/tenants/{tenant}/entities/{entity}/signals/{signal}", READERS),
            Map.entry("POST /v1/tenants/{tenant}/reads", READERS),
            Map.entry("GET /v1/tenants/{tenant}/top", READERS),
            Map.entry("POST /v1/tenants/{tenant}/hard-negatives", WRITERS),
            Map.entry("POST /v1/tenants/{tenant}/hard-negatives/withdrawals", WRITERS),
            Map.entry("GET /v1/tenants/{tenant}/hard-negatives", READERS),
            Map.entry("POST /v1/tenants/{tenant}/visible", READERS),
            Map.entry("POST /v1/tenants/{tenant}/sessions", WRITERS),
            Map.entry("POST /v1/tenants/{tenant}/sessions/{session}/writes", WRITERS),
            Map.entry("GET /v1/tenants/{tenant}/sessions/{session}", READERS),
            Map.entry("GET /v1/tenants/{tenant}/signals/{signal}", READERS),
            Map.entry("GET /v1/tenants/{tenant}/export", READERS),
            Map.entry("GET /v1/tenants/{tenant}/sessions/export", READERS),
            Map.entry("GET /v1/erasures", OPERATORS),
            Map.entry("GET /v1/erasures/entities", OPERATORS),
            Map.entry("DELETE /v1/tenants/{tenant}/entities/{entity}", OPERATORS),
            Map.entry("GET /v1/tenants/{tenant}/keys", OPERATORS),
            Map.entry("POST /v1/tenants/{tenant}/keys/rotate", OPERATORS),
            Map.entry("POST /v1/tenants/{tenant}/keys/revoke", OPERATORS),
            Map.entry("POST /v1/tenants/{tenant}/keys/restore", OPERATORS),
            Map.entry("GET /v1/tenants/{tenant}/backup", READERS),
            Map.entry("POST /v1/tenants/{tenant}/backup", OPERATORS),
            Map.entry("GET /v1/tenants/{tenant}/metrics", READERS),
            Map.entry("GET /v1/signals", KNOWN),
            Map.entry("POST /v1/signals", OPERATORS),
            Map.entry("GET /v1/tokens", OPERATORS),
            Map.entry("POST /v1/tokens", OPERATORS),
            Map.entry("DELETE /v1/tokens/{id}", OPERATORS),
            Map.entry("POST /v1/tenants:batch", OPERATORS),
            Map.entry("GET /v1/tenants/{tenant}/placement", OPERATORS),
            Map.entry("GET /v1/audit", OPERATORS),
            Map.entry("GET /v1/audit/access", OPERATORS),
            Map.entry("GET /v1/cluster", OPERATORS),
            Map.entry("GET /v1/cluster/nodes", OPERATORS),
            Map.entry("POST /v1/cluster/nodes", OPERATORS),
            Map.entry("POST /v1/cluster/init", OPERATORS),
            Map.entry("DELETE /v1/cluster/nodes/{node}", OPERATORS),
            Map.entry("GET /v1/upgrades", OPERATORS),
            Map.entry("GET /v1/upgrades/plan", OPERATORS),
            Map.entry("GET /v1/upgrades/check", OPERATORS),
            Map.entry("POST /v1/upgrades/finalize", OPERATORS),
            Map.entry("POST /v1/upgrades/{node}/drain", OPERATORS),
            Map.entry("POST /v1/upgrades/{node}/rejoin", OPERATORS),
            Map.entry("GET /v1/migrations", OPERATORS),
            Map.entry("POST /v1/migrations", OPERATORS),
            Map.entry("GET /v1/migrations/{id}", OPERATORS),
            Map.entry("POST /v1/migrations/{id}/abort", OPERATORS),
            Map.entry("POST /v1/migrations/{id}/reverse", OPERATORS),
            Map.entry("POST /v1/migrations/{id}/end-hold", OPERATORS),
            Map.entry("POST /v1/migrations/{id}/pause", OPERATORS),
            Map.entry("POST /v1/migrations/{id}/resume", OPERATORS),
            Map.entry("POST /v1/cluster/reconciliation", OPERATORS),
            Map.entry("POST /v1/debug/partition", OPERATORS),
            Map.entry("GET /v1/events", OPERATORS),
            Map.entry("GET /healthz", EVERYBODY),
            Map.entry("GET /readyz", EVERYBODY),
            Map.entry("GET /metrics", EVERYBODY),
            Map.entry("GET /v1/openapi.json", EVERYBODY)));

    private final Map<String, String> tokens = new LinkedHashMap<>();
    private TestServer server;

    @BeforeAll
    void start(@TempDir Path directory) {
        TokenFile file = new TokenFile(directory.resolve("tokens.json"));
        tokens.put("operator", issue(file, List.of(Scope.OPERATOR), List.of()));
        tokens.put("read", issue(file, List.of(Scope.READ), List.of(TenantId.of(1))));
        tokens.put("write", issue(file, List.of(Scope.WRITE), List.of(TenantId.of(1))));
        tokens.put("other read", issue(file, List.of(Scope.READ), List.of(TenantId.of(2), TenantId.of(3))));
        tokens.put("other write", issue(file, List.of(Scope.WRITE), List.of(TenantId.of(2))));
        tokens.put("none", "");
        tokens.put("expired", expired(file));
        tokens.put("revoked", revoked(file));
        tokens.put("forged", "tidal_0123456789ab_" + "A".repeat(43));
        tokens.put(
                "wrong",
                tokens.getOrDefault("operator", "").substring(0, "tidal_0123456789ab_".length()) + "A".repeat(43));
        server = TestServer.start(directory, "auth: {tokens: \"" + directory.resolve("tokens.json") + "\"}\n");
        operator("POST", "/v1/tenants", "{\"tenant\":1}");
        operator("POST", "/v1/tenants", "{\"tenant\":2,\"label\":\"" + CANARY + "\"}");
        operator("POST", "/v1/tenants/2/signals", "[{\"signal\":\"view\",\"entity_name\":\"" + CANARY + "\"}]");
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private static String expired(TokenFile file) {
        Instant hourAgo = Instant.now().minusSeconds(3_600);
        return TokenIssue.into(file, "", List.of(Scope.OPERATOR), List.of(), hourAgo, hourAgo.plusSeconds(1))
                .secret();
    }

    private static String revoked(TokenFile file) {
        TokenIssue issued = TokenIssue.into(file, "", List.of(Scope.OPERATOR), List.of(), Instant.now(), null);
        file.change(before -> before.stream()
                .filter(token -> !token.id().equals(issued.token().id()))
                .toList());
        return issued.secret();
    }

    private static String issue(TokenFile file, List<Scope> scopes, List<TenantId> tenants) {
        return TokenIssue.into(file, "", scopes, tenants, Instant.now(), null).secret();
    }

    private void operator(String method, String path, String body) {
        assertThat(call(method, path, body, "operator").status()).isLessThan(300);
    }

    private TestServer.Answer call(String method, String path, String body, String token) {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(path))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", MediaTypes.JSON);
        String text = tokens.getOrDefault(token, "");
        if (!text.isEmpty()) {
            request.header("Authorization", "Bearer " + text);
        }
        TestServer.Answer answer = server.send(request.build());
        server.check(method, path, answer);
        return answer;
    }

    @Test
    @DisplayName("has an expectation for every route, and a route for every expectation")
    void complete() {
        assertThat(server.server.routes().stream().map(Route::name))
                .containsExactlyInAnyOrderElementsOf(EXPECTED.keySet());
    }

    @TestFactory
    @DisplayName(
            "F-61: lets through whom it should and nobody else, and notes whom it refuses and what operators change")
    Stream<DynamicTest> matrix() {
        return server.server.routes().stream()
                .flatMap(route -> tokens.keySet().stream()
                        .filter(token -> !endsTheTest(route, token))
                        .map(token ->
                                DynamicTest.dynamicTest(route.name() + " with " + token, () -> check(route, token))));
    }

    /** To erase the tenant would spoil the other rows, and the answer to who may listen to events has no end. */
    private static boolean endsTheTest(Route route, String token) {
        return token.equals("operator")
                && (route.method() == Method.DELETE || route.path().equals("/v1/events"));
    }

    private void check(Route route, String token) {
        Row row = EXPECTED.getOrDefault(route.name(), OPERATORS);
        String path = route.path()
                .replace("{tenant}", MINE)
                .replace("{entity}", "42")
                .replace("{signal}", "view")
                .replace("{id}", "0123456789ab")
                .replace("{session}", "7")
                .replace("{node}", "n9");
        long noted = server.state.access().read(1, 1).newest();
        TestServer.Answer answer = call(route.method().name(), path, "{}", token);
        boolean allowed = switch (token) {
            case "operator" -> true;
            case "read" -> row.read();
            case "write" -> row.write();
            case "other read", "other write" -> row.other();
            default -> row.nobody();
        };
        if (allowed) {
            // Bad requests are looked at only when they may be made.
            assertThat(answer.status()).isNotIn(401, 403, 429);
        } else if (UNKNOWN.contains(token)) {
            assertThat(answer.status()).isIn(401, 429);
        } else {
            answer.is(403);
            assertThat(answer.code()).isEqualTo("FORBIDDEN");
        }
        if (!token.equals("operator")) {
            assertThat(answer.text()).doesNotContain(CANARY);
        }
        assertThat(answer.text()).doesNotContain("tidal_0");
        checkNoted(
                route, token, allowed, server.state.access().read(noted + 1, 10).entries());
    }

    private void checkNoted(Route route, String token, boolean allowed, List<AuditEntry> entries) {
        if (allowed && (!token.equals("operator") || route.method() == Method.GET || !isOperators(route))) {
            assertThat(entries).isEmpty();
            return;
        }
        assertThat(entries).hasSize(1);
        AuditEntry entry = entries.get(0);
        assertThat(entry.command()).isEqualTo(route.name());
        assertThat(entry.actor().from()).isEqualTo("127.0.0.1");
        if (!allowed) {
            assertThat(entry.refused()).isIn("UNAUTHENTICATED", "TOO_MANY_ATTEMPTS", "FORBIDDEN");
            assertThat(entry.reason()).isEqualTo(reason(route, token));
        }
        boolean nobody = List.of("none", "forged", "wrong", "revoked").contains(token);
        assertThat(entry.actor().who())
                .isEqualTo(
                        nobody
                                ? "nobody"
                                : "token " + tokens.getOrDefault(token, "").split("_", 3)[1]);
    }

    private static boolean isOperators(Route route) {
        return OPERATORS.equals(EXPECTED.get(route.name()));
    }

    private static String reason(Route route, String token) {
        boolean reads =
                READERS.equals(EXPECTED.get(route.name())) || route.path().equals("/v1/audit");
        boolean writes = WRITERS.equals(EXPECTED.get(route.name()));
        return switch (token) {
            case "none" -> "a token is missing";
            case "forged", "revoked" -> "the token is not known";
            case "wrong" -> "the token's secret is wrong";
            case "expired" -> "the token has expired";
            default -> {
                boolean others = reads && token.contains("read") || writes && token.contains("write");
                yield others ? "the token is for other tenants" : "the token's scope is too low";
            }
        };
    }

    @Test
    @DisplayName("answers another tenant's token the same whether the tenant is there or not")
    void revealsNothing() {
        TestServer.Answer there = call("GET", "/v1/tenants/2", "", "read");
        TestServer.Answer missing = call("GET", "/v1/tenants/77", "", "read");
        assertThat(there.is(403).text()).isEqualTo(missing.is(403).text());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/tenants/1/../2",
                "/v1/tenants/1/%2e%2e/2",
                "/v1/tenants/1%2f..%2f2",
                "/v1/tenants/1;/../2",
                "/v1/tenants/1/..;/2/usage",
                "/v1/tenants//2",
                "/v1/tenants/02",
                "/v1/tenants/t2/export",
                "/v1/tenants/1/usage?tenant=2",
                "/v1/tenants/1/top?signal=view&region=0&tenant=2",
                "/v1/tenants/2/entities/1/signals/view",
                "/v1/tenants/2/usage?verify=true"
            })
    @DisplayName("has no way round to another tenant")
    void noWayRound(String path) {
        for (String token : List.of("read", "write", "none")) {
            HttpRequest.Builder request = HttpRequest.newBuilder(server.uri(path));
            if (!token.equals("none")) {
                request.header("Authorization", "Bearer " + tokens.getOrDefault(token, ""));
            }
            TestServer.Answer answer = server.send(request.build());
            assertThat(answer.status()).as("%s: %s", path, answer.text()).isBetween(400, 499);
            assertThat(answer.text()).doesNotContain(CANARY, "\"entities\"");
        }
    }

    @Test
    @DisplayName("tells whom it lets in to which tenants")
    void severalTenants() {
        call("GET", "/v1/tenants/2", "", "other read").is(200);
        call("GET", "/v1/tenants/3", "", "other read").is(404);
        call("GET", "/v1/tenants/1", "", "other read").is(403);
    }

    @Test
    @DisplayName("holds back an address with many wrong tokens, and nobody who has a right one")
    void wrongTokens() {
        TestServer.Answer last = call("GET", "/v1/tenants", "", "forged");
        for (int i = 0; i < 20 && last.status() != 429; i++) {
            last = call("GET", "/v1/tenants", "", "forged");
        }
        assertThat(last.is(429).code()).isEqualTo("TOO_MANY_ATTEMPTS");
        assertThat(last.headers()).containsKey("Retry-After");
        call("GET", "/v1/tenants", "", "operator").is(200);
    }

    @Test
    @DisplayName("tokens are made, listed and revoked over HTTP, which counts at once; their secrets are shown once")
    void tokensOverHttp() {
        TestServer.Answer made = call(
                        "POST",
                        "/v1/tokens",
                        "{\"scopes\":[\"read\"],\"tenants\":[1],\"label\":\"shop\",\"expires_in\":\"90d\"}",
                        "operator")
                .is(201);
        String secret = made.json().get("token").asText();
        String id = made.json().get("id").asText();
        tokens.put("made", secret);
        try {
            call("GET", "/v1/tenants/1", "", "made").is(200);
            call("GET", "/v1/tokens", "", "made").is(403);
            TestServer.Answer listed = call("GET", "/v1/tokens", "", "operator").is(200);
            assertThat(listed.text()).contains(id, "shop").doesNotContain(secret, "hash");
            call("DELETE", "/v1/tokens/" + id, "", "operator").is(200);
            // 429 where the other rows have shown many wrong tokens before.
            assertThat(call("GET", "/v1/tenants/1", "", "made").status()).isIn(401, 429);
            assertThat(call("DELETE", "/v1/tokens/" + id, "", "operator")
                            .is(404)
                            .code())
                    .isEqualTo("NOT_FOUND");
            for (String wrong : List.of(
                    "{\"scopes\":[\"read\"]}",
                    "{\"scopes\":[\"root\"]}",
                    "{\"scopes\":[\"operator\"],\"tenants\":[1]}",
                    "{\"scopes\":[\"operator\"],\"expires_in\":\"0s\"}",
                    "{\"scopes\":[\"operator\"],\"secret\":\"mine\"}")) {
                call("POST", "/v1/tokens", wrong, "operator").is(400);
            }
        } finally {
            tokens.remove("made");
        }
    }

    @Test
    @DisplayName("a token that the cluster has revoked is refused though the node's file has it, and that is noted")
    void revokedElsewhere() {
        TestServer.Answer made = call("POST", "/v1/tokens", "{\"scopes\":[\"operator\"]}", "operator")
                .is(201);
        String id = made.json().get("id").asText();
        tokens.put("revoked elsewhere", made.json().get("token").asText());
        try {
            call("GET", "/v1/tenants", "", "revoked elsewhere").is(200);
            server.tidal.revokeToken(id);
            long noted = server.state.access().read(1, 1).newest();
            assertThat(call("GET", "/v1/tenants", "", "revoked elsewhere").status())
                    .isIn(401, 429);
            AuditEntry entry =
                    server.state.access().read(noted + 1, 1).entries().get(0);
            assertThat(entry.reason()).isEqualTo("the token was revoked");
            assertThat(entry.actor().who()).isEqualTo("token " + id);
            assertThat(server.tidal.audit(1, 1_000, null).entries())
                    .anyMatch(each -> each.command().equals("revoke-token") && ("token " + id).equals(each.about()));
        } finally {
            tokens.remove("revoked elsewhere");
        }
    }

    @Test
    @DisplayName("tokens are made and revoked by a command over HTTP as in a file")
    void tokenCommands() {
        String server = " --output json --server " + CommandsOverHttpTest.url(this.server);
        String operator = tokens.getOrDefault("operator", "");
        String made = CommandsOverHttpTest.run(
                        "token create --scope read,write --tenant 1,2 --label x" + server, "--token", operator)
                .is(0)
                .out();
        String id = TestServer.parse(made).get("id").asText();
        assertThat(CommandsOverHttpTest.run("token list" + server, "--token", operator)
                        .is(0)
                        .out())
                .contains(id);
        CommandsOverHttpTest.run("token revoke " + id + server, "--token", operator)
                .is(0);
        CommandsOverHttpTest.run("token revoke " + id + server, "--token", operator)
                .is(1, "no token with this id");
        CommandsOverHttpTest.run("token list" + server).is(1, "UNAUTHENTICATED");
        CommandsOverHttpTest.run("token list --tokens f" + server).is(2, "exclude each other");
    }

    @Test
    @DisplayName("metrics name tenants to operators only")
    void metricsOfTenants() {
        assertThat(call("GET", "/metrics", "", "operator").is(200).text())
                .contains("tidal_tenant_signals_accepted{tenant=\"2\"} 1", "tidal_tenant_entities{tenant=\"other\"} 0");
        for (String token : List.of("read", "write", "none")) {
            assertThat(call("GET", "/metrics", "", token).is(200).text())
                    .contains("tidal_tenants 2.0")
                    .doesNotContain("tidal_tenant_");
        }
        assertThat(call("GET", "/v1/tenants/1/metrics", "", "read").is(200).text())
                .contains("tidal_tenant_entities{tenant=\"1\"} 0")
                .doesNotContain("\"2\"");
    }
}
