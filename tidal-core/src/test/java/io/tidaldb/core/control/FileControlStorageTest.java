package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlSnapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileControlStorageTest {

    private static final String FIRST_LOG = "control-00000000000000000001.log";

    @TempDir
    Path temporary;

    private Path directory;

    @BeforeEach
    void writeThreeEntries() {
        directory = temporary.resolve("control");
        FileControlStorage storage = FileControlStorage.open(directory);
        storage.recovered();
        for (int i = 1; i <= 3; i++) {
            storage.append(entry(i));
        }
        storage.close();
    }

    @Test
    void tornLastFrameIsCutAtEveryLength() throws IOException {
        byte[] whole = Files.readAllBytes(log());
        int third = whole.length - frameBytes();
        for (int length = third; length < whole.length; length++) {
            Files.write(log(), Arrays.copyOf(whole, length));
            assertThat(indexes()).containsExactly(1L, 2L);
            assertThat(Files.size(log())).isEqualTo(third);
        }
    }

    @Test
    void directoryOfAnotherKindIsRefusedAndLeftAsItIs() throws IOException {
        Path other = Files.createDirectories(temporary.resolve("other").resolve("raft"));
        Path holder = Objects.requireNonNull(other.getParent());
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() -> FileControlStorage.open(holder))
                .withMessageContaining("is of another kind: it holds [raft]")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DIRECTORY_MISMATCH));
        try (Stream<Path> left = Files.list(holder)) {
            assertThat(left).containsExactly(other);
        }
    }

    @Test
    void frameWhoseSectorsNeverArrivedIsCut() throws IOException {
        byte[] whole = Files.readAllBytes(log());
        Arrays.fill(whole, whole.length - frameBytes(), whole.length, (byte) 0);
        Files.write(log(), whole);
        assertThat(indexes()).containsExactly(1L, 2L);
    }

    @Test
    void everyOtherDamagedByteIsRefusedWithFileAndOffset() throws IOException {
        byte[] whole = Files.readAllBytes(log());
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 0x40;
            Files.write(log(), damaged);
            int offset = at;
            assertThatExceptionOfType(TidalException.class)
                    .as("byte %d", at)
                    .isThrownBy(() -> FileControlStorage.open(directory))
                    .satisfies(refusal -> {
                        if (offset == 4 || offset == 5) {
                            assertThat(refusal.code()).isEqualTo(ErrorCode.FORMAT_TOO_NEW);
                        } else {
                            CorruptLogException corrupt = (CorruptLogException) refusal;
                            assertThat(corrupt.file()).isEqualTo("control/" + FIRST_LOG);
                            assertThat(corrupt.offset()).isBetween(0L, (long) whole.length);
                        }
                    });
        }
        Files.write(log(), whole);
        assertThat(indexes()).containsExactly(1L, 2L, 3L);
    }

    @Test
    void damageNamesTheOffsetOfTheFrame() throws IOException {
        byte[] damaged = Files.readAllBytes(log());
        damaged[ControlFrames.FILE_HEADER_BYTES + frameBytes() + 22] ^= 1;
        Files.write(log(), damaged);
        assertThatExceptionOfType(CorruptLogException.class)
                .isThrownBy(() -> FileControlStorage.open(directory))
                .satisfies(corrupt ->
                        assertThat(corrupt.offset()).isEqualTo(ControlFrames.FILE_HEADER_BYTES + frameBytes() + 16));
    }

    @Test
    void compactionDropsWhatItHolds() throws IOException {
        FileControlStorage storage = FileControlStorage.open(directory);
        storage.compact(new ControlSnapshot(2, state("two")));
        storage.append(entry(4));
        assertThat(files()).containsExactly(FIRST_LOG, log(4), snapshot(2));
        storage.compact(new ControlSnapshot(3, state("three")));
        assertThat(files()).containsExactly(log(4), log(5), snapshot(3));
        storage.compact(new ControlSnapshot(4, state("four")));
        assertThat(files()).containsExactly(log(5), snapshot(4));
        storage.close();
        assertThat(indexes()).isEmpty();
    }

    @Test
    void unfinishedSnapshotIsIgnored() throws IOException {
        Files.write(directory.resolve(snapshot(3) + ".tmp"), new byte[] {1, 2});
        assertThat(indexes()).containsExactly(1L, 2L, 3L);
        assertThat(files()).containsExactly(FIRST_LOG);
    }

    @Test
    void logFileWhoseHeaderNeverArrivedIsBegunAgain() throws IOException {
        Files.write(directory.resolve(log(4)), new byte[7]);
        assertThat(indexes()).containsExactly(1L, 2L, 3L);
        FileControlStorage storage = FileControlStorage.open(directory);
        storage.append(entry(4));
        storage.close();
        assertThat(indexes()).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void damagedSnapshotIsRefused() throws IOException {
        FileControlStorage storage = FileControlStorage.open(directory);
        storage.compact(new ControlSnapshot(3, state("three")));
        storage.close();
        Path file = directory.resolve(snapshot(3));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThatExceptionOfType(CorruptLogException.class)
                .isThrownBy(() -> FileControlStorage.open(directory))
                .satisfies(corrupt -> assertThat(corrupt.file()).isEqualTo("control/" + snapshot(3)));
    }

    @Test
    void missingFileIsRefused() throws IOException {
        FileControlStorage storage = FileControlStorage.open(directory);
        storage.compact(new ControlSnapshot(2, state("two")));
        storage.close();
        Files.delete(log());
        assertThatExceptionOfType(CorruptLogException.class)
                .isThrownBy(() -> FileControlStorage.open(directory))
                .withMessageContaining("entry 3");
    }

    @Test
    void newerVersionIsRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(log());
        bytes[4] = 2;
        Files.write(log(), bytes);
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() -> FileControlStorage.open(directory))
                .withMessageContaining("version 2")
                .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.FORMAT_TOO_NEW));
    }

    @Test
    void otherMembersAreNotServed() {
        NodeId node = NodeId.of("n0");
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() -> new LocalControlLogFactory()
                        .create(new ControlLogContext(null, node, List.of(node, NodeId.of("n1")))))
                .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.UNSUPPORTED));
    }

    private List<Long> indexes() {
        FileControlStorage storage = FileControlStorage.open(directory);
        List<Long> indexes =
                storage.recovered().entries().stream().map(ControlEntry::index).toList();
        storage.close();
        return indexes;
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private Path log() {
        return directory.resolve(FIRST_LOG);
    }

    private static String log(long first) {
        return String.format("control-%020d.log", first);
    }

    private static String snapshot(long index) {
        return String.format("snapshot-%020d.snap", index);
    }

    private static int frameBytes() {
        return ControlFrames.frame(entry(1)).capacity();
    }

    private static ControlEntry entry(long index) {
        return new ControlEntry(index, state("command " + index));
    }

    private static byte[] state(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
