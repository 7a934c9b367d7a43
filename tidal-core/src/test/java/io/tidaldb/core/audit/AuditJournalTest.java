package io.tidaldb.core.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditJournalTest {

    private static final Provenance BY = new Provenance(new Actor("local", "n0"), 1_700_000_000_000L);

    @TempDir
    Path home;

    private final AuditTrail trail = new AuditTrail();

    private void happens(int changes) {
        for (int i = 0; i < changes; i++) {
            long number = trail.count() + 1;
            trail.add(
                    number,
                    BY,
                    "create-tenant",
                    TenantId.of(number % 3),
                    null,
                    AuditChange.of(null, JsonNodeFactory.instance.objectNode().put("epoch", number)));
        }
    }

    private Path file() throws IOException {
        try (Stream<Path> files = Files.list(home)) {
            return files.findFirst().orElseThrow();
        }
    }

    private AuditCheck check() {
        AuditCheck check = AuditJournal.check(home);
        check.end(trail.count(), trail.head());
        return check;
    }

    @Test
    @DisplayName("F-61: what was appended is there after another open, once")
    void isThereOnce() {
        for (int round = 0; round < 4; round++) {
            try (AuditJournal journal = AuditJournal.open(home)) {
                journal.append(trail);
                happens(3);
                journal.append(trail);
                journal.append(trail);
                assertThat(journal.read(1, 1000, null)).isEqualTo(trail.after(0));
            }
        }
        assertThat(check().broken()).isNull();
        assertThat(check().entries()).isEqualTo(12);
    }

    @Test
    @DisplayName("F-61: after a crash at any byte of the last entries, they are appended again")
    void crashAnywhere() throws IOException {
        happens(4);
        try (AuditJournal journal = AuditJournal.open(home)) {
            journal.append(trail);
        }
        byte[] whole = Files.readAllBytes(file());
        for (int length = 0; length < whole.length; length++) {
            Files.write(file(), java.util.Arrays.copyOf(whole, length));
            try (AuditJournal journal = AuditJournal.open(home)) {
                journal.append(trail);
                assertThat(journal.read(1, 10, null)).isEqualTo(trail.after(0));
            }
            assertThat(Files.readAllBytes(file())).isEqualTo(whole);
        }
    }

    @Test
    @DisplayName("F-61: a changed byte anywhere is found, and the first broken entry is named")
    void changedByteIsFound() throws IOException {
        happens(5);
        try (AuditJournal journal = AuditJournal.open(home)) {
            journal.append(trail);
        }
        byte[] whole = Files.readAllBytes(file());
        int line = 1;
        for (int at = 0; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 1;
            Files.write(file(), changed);
            AuditCheck check = check();
            assertThat(check.broken())
                    .as("byte %s: %s", at, new String(changed, StandardCharsets.UTF_8))
                    .isNotNull();
            assertThat(check.broken()).as("byte %s", at).isBetween((long) line, line + 1L);
            line += whole[at] == '\n' ? 1 : 0;
        }
    }

    @Test
    @DisplayName("F-61: an entry that is removed, repeated or swapped is found")
    void removedEntryIsFound() throws IOException {
        happens(6);
        try (AuditJournal journal = AuditJournal.open(home)) {
            journal.append(trail);
        }
        List<String> lines = Files.readAllLines(file());
        assertThat(broken(without(lines, 3))).isEqualTo(4);
        assertThat(broken(without(lines, 5))).isEqualTo(6);
        assertThat(broken(without(lines, 0))).isEqualTo(1);
        List<String> swapped = new ArrayList<>(lines);
        swapped.add(1, swapped.remove(4));
        assertThat(broken(swapped)).isEqualTo(2);
        List<String> repeated = new ArrayList<>(lines);
        repeated.add(3, lines.get(2));
        assertThat(broken(repeated)).isEqualTo(4);
        assertThat(broken(lines)).isEqualTo(-1);
    }

    private static List<String> without(List<String> lines, int line) {
        List<String> rest = new ArrayList<>(lines);
        rest.remove(line);
        return rest;
    }

    private long broken(List<String> lines) throws IOException {
        Files.write(file(), lines, StandardOpenOption.TRUNCATE_EXISTING);
        Long broken = check().broken();
        return broken == null ? -1 : broken;
    }

    @Test
    @DisplayName("F-61: pages go on from each other, also those of one tenant, and over files")
    void pages() throws IOException {
        try (AuditJournal journal = AuditJournal.open(home)) {
            for (int i = 0; i < 35; i++) {
                happens(AuditTrail.KEPT);
                journal.append(trail);
            }
            List<AuditEntry> all = pages(journal, null);
            assertThat(all.stream().mapToLong(AuditEntry::number))
                    .hasSize(35 * AuditTrail.KEPT)
                    .isSorted();
            assertThat(pages(journal, TenantId.of(2)))
                    .isEqualTo(all.stream()
                            .filter(each -> TenantId.of(2).equals(each.tenant()))
                            .toList());
        }
        try (Stream<Path> files = Files.list(home)) {
            assertThat(files.count()).isGreaterThan(1);
        }
        assertThat(check().broken()).isNull();
    }

    private List<AuditEntry> pages(AuditJournal journal, @org.jspecify.annotations.Nullable TenantId tenant) {
        List<AuditEntry> all = new ArrayList<>();
        long from = 1;
        while (from <= trail.count()) {
            List<AuditEntry> page = journal.read(from, 700, tenant);
            all.addAll(page);
            long next = journal.next(from, 700, page);
            assertThat(next).isGreaterThan(from);
            from = next;
        }
        return all;
    }

    @Test
    @DisplayName("F-61: entries that a node has missed are named as missing")
    void missedEntries() {
        try (AuditJournal journal = AuditJournal.open(home)) {
            happens(2);
            journal.append(trail);
            happens(AuditTrail.KEPT + 5);
            journal.append(trail);
        }
        assertThat(check().broken()).isEqualTo(3);
        assertThat(check().reason()).contains("3 to 7");
    }

    @Test
    @DisplayName("F-61: a directory without an audit log is refused")
    void noDirectory() {
        assertThatThrownBy(() -> AuditJournal.check(home.resolve("none")))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("none");
    }
}
