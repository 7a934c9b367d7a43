package io.tidaldb.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.core.audit.AuditCheck;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.core.audit.AuditJournal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The access log")
class AccessLogTest {

    private Instant now = Instant.parse("2026-11-22T10:00:00Z");

    @TempDir
    private Path directory;

    private AccessLog opened() {
        AccessLog log = new AccessLog(() -> now);
        log.keepIn(directory);
        return log;
    }

    private static Attempt stranger(String from) {
        return new Attempt(
                new Actor("nobody", from),
                false,
                "GET /v1/tenants",
                null,
                null,
                "UNAUTHENTICATED",
                "a token is missing");
    }

    private static Attempt operator(int tenant) {
        return new Attempt(
                new Actor("token 0123456789ab", "192.0.2.1"),
                true,
                "DELETE /v1/tenants/{tenant}",
                TenantId.of(tenant),
                null,
                null,
                null);
    }

    private static void assertChained(AuditCheck check, long entries) {
        assertThat(check.broken()).as(check.reason()).isNull();
        assertThat(check.entries()).isEqualTo(entries);
    }

    @Test
    @DisplayName("F-61: the first of a kind is on disk at once, and how many more there were after a minute")
    void counts() {
        AccessLog log = opened();
        for (int i = 0; i < 1_000; i++) {
            log.note(stranger("192.0.2.7"));
        }
        assertChained(AuditJournal.checkRest(directory), 1);
        now = now.plusSeconds(61);
        log.note(operator(7));
        assertChained(AuditJournal.checkRest(directory), 3);
        List<AuditEntry> entries = log.read(1, 10).entries();
        assertThat(entries.get(1).after()).isEqualTo("{\"more_times\":\"999\"}");
        assertThat(entries.get(2).tenant()).isEqualTo(TenantId.of(7));
        log.close();
        try (AccessLog again = opened()) {
            again.note(operator(8));
            assertChained(AuditJournal.checkRest(directory), 4);
        }
    }

    @Test
    @DisplayName("a flood from many addresses leaves few entries, and what operators do is still there one by one")
    void flood() throws IOException {
        try (AccessLog log = opened()) {
            for (int i = 0; i < 200_000; i++) {
                log.note(stranger("192.0." + (i >> 8 & 255) + "." + (i & 255)));
            }
            log.note(operator(7));
            log.note(operator(8));
            now = now.plusSeconds(61);
            log.note(operator(9));
            List<AuditEntry> entries = log.read(1, 1_000).entries();
            assertThat(entries).hasSizeLessThan(2 * AccessLog.MAX_UNKNOWN + 10);
            long counted = entries.stream()
                    .filter(entry -> entry.refused() != null)
                    .mapToLong(entry -> entry.after() == null
                            ? 1
                            : Long.parseLong(entry.after().replaceAll("\\D", "")))
                    .sum();
            assertThat(counted).isEqualTo(200_000);
            assertThat(entries.stream().map(AuditEntry::tenant))
                    .contains(TenantId.of(7), TenantId.of(8), TenantId.of(9));
            assertChained(AuditJournal.checkRest(directory), entries.size());
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).allSatisfy(file -> assertThat(Files.size(file)).isLessThan(100_000));
        }
    }

    @Test
    @DisplayName("what was noted before there was a directory is kept, and a changed line is found")
    void early() throws IOException {
        AccessLog log = new AccessLog(() -> now);
        log.note(stranger("192.0.2.7"));
        log.note(operator(1));
        log.keepIn(directory);
        log.close();
        assertChained(AuditJournal.checkRest(directory), 2);
        AccessLog second = new AccessLog(() -> now);
        second.note(operator(2));
        second.keepIn(directory);
        second.close();
        assertChained(AuditJournal.checkRest(directory), 3);
        Path file;
        try (Stream<Path> files = Files.list(directory)) {
            file = files.findFirst().orElseThrow();
        }
        Files.writeString(file, Files.readString(file).replaceFirst("192.0.2.7", "192.0.2.8"));
        assertThat(AuditJournal.checkRest(directory).broken()).isEqualTo(1);
    }

    @Test
    @DisplayName("the oldest files go, and the chain holds from the first entry that is left")
    void dropsTheOldest() {
        try (AuditJournal journal = AuditJournal.open(directory)) {
            journal.keep(1);
            assertThat(journal.newest()).isEmpty();
        }
        AuditCheck check = AuditCheck.ofRest();
        try (AccessLog log = opened()) {
            for (int i = 1; i <= 5; i++) {
                log.note(operator(i));
            }
            log.read(3, 10).entries().forEach(check::next);
        }
        assertChained(check, 3);
    }

    @Test
    @DisplayName("wrong tokens make an address wait longer each time, a network of IPv6 as one, and a right one nobody")
    void delays() {
        FailedAttempts attempts = new FailedAttempts();
        long nanos = 1;
        int wait = 0;
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < 10; i++) {
                assertThat(attempts.failed("2001:db8::" + i, nanos)).isEmpty();
            }
            int next = attempts.failed("2001:db8:0:0:ffff::1", nanos).orElseThrow();
            assertThat(next).isGreaterThan(wait);
            assertThat(attempts.failed("2001:db8:1::1", nanos)).isEmpty();
            wait = next;
            nanos += next * 1_000_000_000L;
        }
        assertThat(wait).isBetween(480, 482);
        nanos += 7_200_000_000_000L;
        assertThat(attempts.failed("2001:db8::1", nanos)).isEmpty();
    }
}
