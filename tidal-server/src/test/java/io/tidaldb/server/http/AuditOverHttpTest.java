package io.tidaldb.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.audit.AuditCheck;
import io.tidaldb.core.audit.AuditLine;
import io.tidaldb.server.auth.Scope;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.auth.TokenIssue;
import io.tidaldb.server.http.exchange.MediaTypes;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditOverHttpTest {

    private TestServer server;
    private String operator = "";
    private String reader = "";

    @BeforeEach
    void start(@TempDir Path directory) {
        TokenFile file = new TokenFile(directory.resolve("tokens.json"));
        operator = TokenIssue.into(file, "", List.of(Scope.OPERATOR), List.of(), Instant.now(), null)
                .secret();
        reader = TokenIssue.into(file, "", List.of(Scope.READ), List.of(TenantId.of(2)), Instant.now(), null)
                .secret();
        server = TestServer.start(directory, "auth: {tokens: \"" + directory.resolve("tokens.json") + "\"}\n");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private TestServer.Answer call(String method, String path, String body, String token) {
        TestServer.Answer answer = server.send(HttpRequest.newBuilder(server.uri(path))
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .header("Content-Type", MediaTypes.JSON)
                .header("Authorization", "Bearer " + token)
                .build());
        server.check(method, path.replaceFirst("\\?.*", ""), answer);
        return answer;
    }

    @Test
    @DisplayName("F-61: a change says whose token made it, a tenant sees its own, and the chain fits to its end")
    void changesAreNoted() {
        call("POST", "/v1/tenants", "{\"tenant\":1,\"label\":\"canary\"}", operator)
                .is(201);
        call("POST", "/v1/tenants", "{\"tenant\":2}", operator).is(201);
        call("PATCH", "/v1/tenants/1", "{\"max_entities\":7}", operator).is(200);
        TestServer.Answer all = call("GET", "/v1/audit?from=1", "", operator).is(200);
        assertThat(all.text()).doesNotContain("canary");
        JsonNode last =
                all.json().path("entries").get(all.json().path("entries").size() - 1);
        assertThat(last.path("command").asText()).isEqualTo("update-tenant");
        assertThat(last.path("who").asText()).isEqualTo("token " + operator.split("_", 3)[1]);
        assertThat(last.path("from").asText()).isNotEmpty();
        assertThat(last.path("before").path("max_entities").isMissingNode()).isTrue();
        assertThat(last.path("after").path("max_entities").asText()).isEqualTo("7");
        AuditCheck check = new AuditCheck();
        all.json().path("entries").forEach(entry -> check.next(AuditLine.parse(entry.toString())));
        check.end(
                all.json().path("newest").asLong(),
                Long.parseUnsignedLong(all.json().path("head").asText(), 16));
        assertThat(check.broken()).as(check.reason()).isNull();

        JsonNode own =
                call("GET", "/v1/audit?from=1&tenant=2", "", reader).is(200).json();
        assertThat(own.path("entries")).hasSize(1);
        assertThat(own.at("/entries/0/command").asText()).isEqualTo("create-tenant");
        call("GET", "/v1/audit?tenant=1", "", reader).is(403);
        call("GET", "/v1/audit", "", reader).is(403);
        call("GET", "/v1/audit?limit=0", "", operator).is(400);
        call("GET", "/v1/audit?from=x", "", operator).is(400);
    }

    @Test
    @DisplayName("of many tenants each is created, or refused by itself")
    void manyTenants() {
        JsonNode done = call(
                        "POST",
                        "/v1/tenants:batch",
                        "{\"tenants\":[{\"tenant\":1,\"label\":\"a\"},{\"tenant\":1},{\"tenant\":2,\"label\":\"a\"},"
                                + "{\"tenant\":3,\"required_regions\":[9]},{\"tenant\":4,\"bogus\":1},{},{\"tenant\":5}]}",
                        operator)
                .is(200)
                .json();
        assertThat(done.path("created").asInt()).isEqualTo(2);
        assertThat(done.path("refused").asInt()).isEqualTo(5);
        assertThat(done.path("tenants").findValuesAsText("code"))
                .containsExactly(
                        "TENANT_EXISTS",
                        "INVALID_ARGUMENT",
                        "RESIDENCY_UNSATISFIABLE",
                        "INVALID_ARGUMENT",
                        "INVALID_ARGUMENT");
        assertThat(call("GET", "/v1/tenants", "", operator).json().path("tenants"))
                .hasSize(2);
    }

    @Test
    @DisplayName("F-63: a dry run says what a change would come to, and changes nothing; F-42: the rules are told")
    void dryRuns() {
        call("POST", "/v1/tenants", "{\"tenant\":1}", operator).is(201);
        JsonNode plan = call("PATCH", "/v1/tenants/1?dry_run=true", "{\"max_entities\":7}", operator)
                .is(200)
                .json();
        assertThat(plan.path("allowed").asBoolean()).isTrue();
        assertThat(plan.at("/after/max_entities").asText()).isEqualTo("7");
        assertThat(call("POST", "/v1/tenants?dry_run=true", "{\"tenant\":1}", operator)
                        .is(200)
                        .json()
                        .path("code")
                        .asText())
                .isEqualTo("TENANT_EXISTS");
        assertThat(call("DELETE", "/v1/tenants/1?dry_run=true", "", operator)
                        .is(200)
                        .json()
                        .path("risks"))
                .isNotEmpty();
        call("DELETE", "/v1/tenants/1?dry_run=maybe", "", operator).is(400);
        JsonNode shown = call("GET", "/v1/tenants/1", "", operator).is(200).json();
        assertThat(shown.path("max_entities").isNull()).isTrue();
        JsonNode placement =
                call("GET", "/v1/tenants/1/placement", "", operator).is(200).json();
        assertThat(placement.at("/replicas/0/desired").asText()).isEqualTo("LEADS");
        assertThat(placement.at("/replicas/0/rules").findValuesAsText("rule")).contains("residency", "slots");
    }
}
