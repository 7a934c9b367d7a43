package io.tidaldb.server.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.TidalCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Tokens")
class TokenFileTest {

    private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private Path path() {
        return directory.resolve("tokens.json");
    }

    private TokenFile file() {
        return new TokenFile(path());
    }

    private int run(String... words) {
        out.getBuffer().setLength(0);
        return TidalCommand.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(words);
    }

    @Test
    @DisplayName("are kept as hashes, in a file that only its owner may read")
    void hashed() throws Exception {
        TokenIssue issue = TokenIssue.into(file(), "ci", List.of(Scope.WRITE), List.of(TenantId.of(7)), NOW, null);
        String text = Files.readString(path());
        assertThat(text)
                .contains(issue.token().id(), issue.token().hash())
                .doesNotContain(issue.secret().substring(19));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path())))
                .isEqualTo("rw-------");
        assertThat(issue).hasToString("token " + issue.token().id());
        assertThat(file().read()).containsExactly(issue.token());
    }

    @Test
    @DisplayName("in a file that others may read are refused, as is a file that is missing or malformed")
    void refused() throws Exception {
        assertThatThrownBy(() -> file().read()).hasMessageContaining("does not exist");
        TokenIssue.into(file(), "", List.of(Scope.OPERATOR), List.of(), NOW, null);
        Files.setPosixFilePermissions(path(), PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> file().read()).hasMessageContaining("chmod 600");
        Files.setPosixFilePermissions(path(), PosixFilePermissions.fromString("rw-------"));
        for (String broken : List.of(
                "",
                "{}",
                "[",
                "{\"version\":2,\"tokens\":[]}",
                "{\"version\":1,\"tokens\":[{}]}",
                "{\"version\":1,\"tokens\":[{\"id\":\"x\"}]}")) {
            Files.writeString(path(), broken);
            assertThatThrownBy(() -> file().read()).as(broken).hasMessageContaining("token file");
        }
    }

    @Test
    @DisplayName("are valid until they expire, and only as they were issued")
    void valid() {
        TokenIssue issue = TokenIssue.into(
                file(), "", List.of(Scope.READ), List.of(TenantId.of(1)), NOW, NOW.plus(Duration.ofDays(1)));
        Authenticator authenticator = Authenticator.of(Optional.of(path()));
        Optional<Caller> caller = authenticator.caller(issue.secret(), NOW);
        assertThat(caller).isPresent();
        assertThat(caller.get().may(Scope.READ, TenantId.of(1))).isTrue();
        assertThat(caller.get().may(Scope.READ, TenantId.of(2))).isFalse();
        assertThat(caller.get().may(Scope.WRITE, TenantId.of(1))).isFalse();
        assertThat(caller.get().may(Scope.OPERATOR, null)).isFalse();
        assertThat(authenticator.caller(issue.secret(), NOW.plus(Duration.ofDays(1))))
                .isEmpty();
        char last = issue.secret().charAt(30);
        assertThat(authenticator.caller(issue.secret().replace(last, last == 'A' ? 'B' : 'A'), NOW))
                .isEmpty();
        assertThat(authenticator.caller("", NOW)).isEmpty();
        assertThat(authenticator.caller("x".repeat(10_000), NOW)).isEmpty();
    }

    @Test
    @DisplayName(
            "that are revoked are refused within the stated time, and a file that is spoilt leaves the others valid")
    void reloaded() throws Exception {
        TokenIssue first = TokenIssue.into(file(), "", List.of(Scope.OPERATOR), List.of(), NOW, null);
        TokenIssue second = TokenIssue.into(file(), "", List.of(Scope.OPERATOR), List.of(), NOW, null);
        Authenticator authenticator = Authenticator.of(Optional.of(path()));
        assertThat(authenticator.caller(first.secret(), NOW)).isPresent();
        assertThat(run(
                        "token",
                        "revoke",
                        "--tokens",
                        path().toString(),
                        first.token().id()))
                .isZero();
        await(() -> authenticator.caller(first.secret(), NOW).isEmpty());
        assertThat(authenticator.caller(second.secret(), NOW)).isPresent();
        Files.writeString(path(), "spoilt");
        long until = System.nanoTime() + Authenticator.RELOAD.toNanos() * 2;
        while (System.nanoTime() < until) {
            assertThat(authenticator.caller(second.secret(), NOW)).isPresent();
        }
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(until);
            Thread.onSpinWait();
        }
    }

    @Test
    @DisplayName("are made by several at a time without losing one")
    void concurrent() {
        List<CompletableFuture<Void>> all = IntStream.range(0, 4)
                .mapToObj(i -> CompletableFuture.runAsync(() -> {
                    for (int each = 0; each < 5; each++) {
                        synchronized (TokenFileTest.class) {
                            TokenIssue.into(file(), "", List.of(Scope.OPERATOR), List.of(), NOW, null);
                        }
                    }
                }))
                .toList();
        all.forEach(CompletableFuture::join);
        assertThat(file().read()).hasSize(20);
    }

    @Test
    @DisplayName("have scopes and tenants that go together")
    void combinations() {
        assertThat(run("token", "create", "--tokens", path().toString(), "--scope", "operator,read"))
                .isEqualTo(2);
        assertThat(run("token", "create", "--tokens", path().toString(), "--scope", "read"))
                .isEqualTo(2);
        assertThat(run("token", "create", "--tokens", path().toString(), "--scope", "operator", "--tenant", "1"))
                .isEqualTo(2);
        assertThat(path()).doesNotExist();
        assertThat(run(
                        "token",
                        "create",
                        "--tokens",
                        path().toString(),
                        "--scope",
                        "read,write",
                        "--tenant",
                        "1,2",
                        "--expires-in",
                        "90d",
                        "--output",
                        "json"))
                .isZero();
        assertThat(out.toString())
                .contains("\"scopes\":[\"write\",\"read\"]", "\"tenants\":[\"1\",\"2\"]", "\"token\":\"tidal_");
        assertThat(run("token", "list", "--tokens", path().toString())).isZero();
        assertThat(out.toString()).contains("1,2").doesNotContain("tidal_");
        assertThat(run("token", "revoke", "--tokens", path().toString(), "000000000000"))
                .isEqualTo(1);
    }
}
