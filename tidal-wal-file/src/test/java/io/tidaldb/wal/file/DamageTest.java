package io.tidaldb.wal.file;

import static io.tidaldb.wal.file.Batches.append;
import static io.tidaldb.wal.file.Batches.fill;
import static io.tidaldb.wal.file.Batches.log;
import static io.tidaldb.wal.file.Batches.seqnos;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DamageTest {

    private static final LogId A = log(1);
    private static final LogId B = log(2);

    @TempDir
    Path temp;

    private Path clean;
    private Path killed;

    @BeforeEach
    void writeTwoLogs() throws IOException {
        clean = Files.createDirectory(temp.resolve("clean"));
        killed = temp.resolve("killed");
        try (WalStore store = Stores.open(clean)) {
            for (long seqno = 1; seqno <= 3; seqno++) {
                append(store, A, seqno, 40);
                append(store, B, seqno, 40);
                store.sync();
            }
            Stores.copy(clean, killed);
        }
    }

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    @Test
    void theSummaryOfACommitHasTheLastSeqnoOfEachLogWhateverCameBetween() {
        CommitSummary.Notes notes = new CommitSummary.Notes();
        notes.add(LogCode.of(A), 1);
        notes.add(LogCode.of(A), 2);
        notes.add(LogCode.of(B), 1);
        notes.add(LogCode.of(A), 3);
        Frame frame = notes.frame(7);
        CommitSummary summary = Objects.requireNonNull(CommitSummary.parse(frame));
        assertThat(summary.number()).isEqualTo(7);
        assertThat(summary.lastSeqnos()).isEqualTo(Map.of(A, 3L, B, 1L));
    }

    @Test
    void findsAFlipInEveryByteOfASegmentAndRefusesThatLogOnly() throws IOException {
        Path segment = clean.resolve("tenants/1/wal/wal-00000000000000000001.seg");
        long size = Files.size(segment);
        for (long offset = 0; offset < size; offset++) {
            Stores.flip(segment, offset);
            Stores.Report report = Stores.inspect(clean);
            long batch = offset / 104 * 104;
            assertThat(report.damages).as("flip at " + offset).isNotEmpty();
            assertThat(report.damages.get(0).file()).isEqualTo("tenants/1/wal/wal-00000000000000000001.seg");
            assertThat(report.damages.get(0).offset()).isEqualTo(batch);
            assertThat(report.batches).hasSize(5);
            if (offset % 9 == 0) {
                refusesAServesB(Stores.copy(clean, temp.resolve("each" + offset)), batch);
            }
            Stores.flip(segment, offset);
        }
        assertThat(Stores.inspect(clean).damages).isEmpty();
    }

    private static void refusesAServesB(Path directory, long offset) {
        for (int open = 0; open < 2; open++) {
            try (WalStore store = Stores.open(directory)) {
                assertThatThrownBy(() -> seqnos(store, A))
                        .isInstanceOfSatisfying(
                                CorruptLogException.class,
                                e -> assertThat(e.offset()).isEqualTo(offset));
                assertThat(store.status(A).damage()).isNotNull();
                assertThatThrownBy(() -> append(store, A, 4, 10)).isInstanceOf(CorruptLogException.class);
                assertThatThrownBy(() -> store.truncateBefore(A, 4, 0)).isInstanceOf(CorruptLogException.class);
                assertThat(seqnos(store, B)).startsWith(1L, 2L, 3L);
                append(store, B, 4 + open, 10);
                store.sync();
            }
        }
        try (WalStore store = Stores.open(directory)) {
            store.delete(A);
            append(store, A, 1, 10);
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, A)).containsExactly(1L);
            assertThat(seqnos(store, B)).isEqualTo(upTo(5));
        }
    }

    @Test
    void findsAFlipInEveryByteOfTheJournalAfterACleanCloseAndLosesNothing() throws IOException {
        List<Path> journal = Stores.files(clean.resolve("journal"), ".jnl");
        assertThat(journal).hasSize(1);
        Path file = journal.get(0);
        for (long offset = 0; offset < Files.size(file); offset++) {
            Stores.flip(file, offset);
            List<Damage> damages = Stores.inspect(clean).damages;
            assertThat(damages).as("flip at " + offset).hasSize(1);
            assertThat(damages.get(0).file()).startsWith("journal/").endsWith(".jnl");
            Stores.flip(file, offset);
        }
        Stores.flip(file, 77);
        try (WalStore store = Stores.open(clean)) {
            assertThat(seqnos(store, A)).isEqualTo(upTo(3));
            assertThat(seqnos(store, B)).isEqualTo(upTo(3));
        }
    }

    @Test
    void findsAFlipInEveryByteOfALiveJournalAndQuarantinesTheLogConcernedOnly() throws IOException {
        Path file = Stores.files(killed.resolve("journal"), ".jnl").get(0);
        String name = "journal/" + file.getFileName();
        for (int offset = 0; offset < 3 * 4096; offset++) {
            boolean interesting = offset % 4096 < 420 || offset % 4096 > 4080 || offset % 97 == 0;
            if (!interesting) {
                continue;
            }
            Stores.flip(file, offset);
            Stores.Report report = Stores.inspect(killed);
            if (offset >= 2 * 4096 && (offset % 4096 < 8 || offset % 4096 >= 4088)) {
                // A number at the edge of the last commit: no one can tell a flip from a tear, and nothing is lost.
                assertThat(report.torn).as("flip at " + offset).hasSize(1);
                assertThat(report.batches).hasSize(6);
            } else {
                assertThat(report.damages).as("flip at " + offset).isNotEmpty();
                assertThat(report.damages.get(0).file()).isEqualTo(name);
            }
            if (offset % 3 == 0) {
                quarantinesAtMostOne(Stores.copy(killed, temp.resolve("each" + offset)), offset);
                Stores.deleteTree(temp.resolve("each" + offset));
            }
            Stores.flip(file, offset);
        }
    }

    /** In a block: 8 bytes stamp, 64 header, 48 + 104 A's frame, 48 + 104 B's frame. */
    private static void quarantinesAtMostOne(Path directory, int offset) {
        int inBlock = offset % 4096;
        boolean inA = inBlock >= 72 && inBlock < 72 + 152;
        boolean inB = inBlock >= 72 + 152 && inBlock < 72 + 304;
        for (int open = 0; open < 2; open++) {
            try (WalStore store = Stores.open(directory)) {
                assertThat(store.status(A).damage() != null)
                        .as("A, flip at " + offset)
                        .isEqualTo(inA);
                assertThat(store.status(B).damage() != null)
                        .as("B, flip at " + offset)
                        .isEqualTo(inB);
                if (!inA) {
                    assertThat(seqnos(store, A)).isEqualTo(upTo(3));
                }
                if (!inB) {
                    assertThat(seqnos(store, B)).isEqualTo(upTo(3));
                }
            }
        }
    }

    @Test
    void aBlockLostBeforeALaterCommitIsDamageOfTheLogsThatItHeldAndNotATornTail() throws IOException {
        Path directory = Files.createDirectory(temp.resolve("lost-block"));
        Path dead = temp.resolve("dead");
        try (WalStore store = Stores.open(directory)) {
            append(store, B, 1, 40);
            store.sync();
            append(store, A, 1, 40);
            store.sync();
            append(store, log(3), 1, 40);
            store.sync();
            Stores.copy(directory, dead);
        }
        Path file = Stores.files(dead.resolve("journal"), ".jnl").get(0);
        byte[] bytes = Files.readAllBytes(file);
        java.util.Arrays.fill(bytes, 4096, 2 * 4096, (byte) 0);
        Files.write(file, bytes);
        assertThat(Stores.inspect(dead).damages).isNotEmpty();
        assertThat(Stores.inspect(dead).torn).isEmpty();
        for (int open = 0; open < 2; open++) {
            try (WalStore store = Stores.open(dead)) {
                assertThat(store.status(A).damage()).isNotNull();
                assertThat(seqnos(store, B)).containsExactly(1L);
                assertThat(seqnos(store, log(3))).containsExactly(1L);
            }
        }
    }

    @Test
    void refusesADamagedOrMissingManifestOrJournal() throws IOException {
        Path manifest = clean.resolve("journal/manifest");
        for (long offset = 0; offset < Files.size(manifest); offset++) {
            Stores.flip(manifest, offset);
            assertThat(Stores.inspect(clean).damages).as("flip at " + offset).isNotEmpty();
            refused(clean, ErrorCode.CORRUPT_DATA, "journal/manifest");
            Stores.flip(manifest, offset);
        }
        Files.delete(manifest);
        refused(clean, ErrorCode.CORRUPT_DATA, "journal/manifest");
        assertThat(Stores.inspect(clean).damages).isNotEmpty();
        Files.delete(Stores.files(killed.resolve("journal"), ".jnl").get(0));
        refused(killed, ErrorCode.CORRUPT_DATA, ".jnl");
        assertThat(Stores.inspect(killed).damages).isNotEmpty();
    }

    private static void refused(Path directory, ErrorCode code, String named) {
        assertThatThrownBy(() -> Stores.open(directory).close())
                .hasMessageContaining(named)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void refusesANewerManifest() throws IOException {
        Path manifest = clean.resolve("journal/manifest");
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(manifest)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putShort(4, (short) 2).putInt(8, 0);
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(bytes.array());
        bytes.putInt(8, (int) crc.getValue());
        Files.write(manifest, bytes.array());
        refused(clean, ErrorCode.FORMAT_TOO_NEW, "version 2");
    }

    @Test
    void swappedTenantDirectoriesAreDamageOfBoth() throws IOException {
        for (Path directory : List.of(clean, killed)) {
            try (WalStore store = Stores.open(directory)) {
                store.flush(A);
            }
            Path tenants = directory.resolve("tenants");
            Files.move(tenants.resolve("1"), tenants.resolve("x"));
            Files.move(tenants.resolve("2"), tenants.resolve("1"));
            Files.move(tenants.resolve("x"), tenants.resolve("2"));
            assertThat(Stores.inspect(directory).damages).isNotEmpty();
            try (WalStore store = Stores.open(directory)) {
                assertThat(store.status(A).damage()).isNotNull();
                assertThat(store.status(B).damage()).isNotNull();
            }
        }
    }

    @Test
    void aMissingOrShortSegmentIsDamage() throws IOException {
        Path directory = Files.createDirectory(temp.resolve("rolled"));
        try (WalStore store = Stores.open(directory)) {
            fill(store, A, 100, 200);
            fill(store, B, 3, 10);
        }
        List<Path> segments = Stores.files(directory.resolve("tenants/1"), ".seg");
        assertThat(segments).hasSizeGreaterThan(4);
        for (Path segment : segments) {
            byte[] bytes = Files.readAllBytes(segment);
            for (int kept : new int[] {-1, 0, 10, bytes.length - 1}) {
                Files.delete(segment);
                if (kept >= 0) {
                    Files.write(segment, java.util.Arrays.copyOf(bytes, kept));
                }
                Stores.Report report = Stores.inspect(directory);
                assertThat(report.damages).isNotEmpty();
                assertThat(report.torn).isEmpty();
                assertThat(directory.resolve(report.damages.get(0).file())).isEqualTo(segment);
                Path copy = Stores.copy(directory, temp.resolve("copy"));
                try (WalStore store = Stores.open(copy)) {
                    assertThat(store.status(A).damage()).isNotNull();
                    assertThat(seqnos(store, B)).isEqualTo(upTo(3));
                }
                Stores.deleteTree(copy);
                Files.write(segment, bytes);
            }
        }
        try (WalStore store = Stores.open(directory)) {
            assertThat(seqnos(store, A)).isEqualTo(upTo(100));
        }
    }

    @Test
    @DisplayName("R-10: what a quarantined log still had in the journal is kept beside its segments")
    void parksWhatCantBeObeyed() throws IOException {
        Path file = Stores.files(killed.resolve("journal"), ".jnl").get(0);
        Stores.flip(file, 72 + 48 + 70);
        try (WalStore store = Stores.open(killed)) {
            assertThat(store.status(A).damage()).isNotNull();
        }
        assertThat(Stores.files(killed.resolve("tenants/1"), ".jnl")).hasSize(1);
        try (WalStore store = Stores.open(killed)) {
            store.delete(A);
        }
        assertThat(Stores.files(killed.resolve("tenants/1"), ".jnl")).isEmpty();
    }
}
