package io.tidaldb.control.ratis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlSnapshot;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What lies in a member's directory: whose it is, what is damage, what is dropped. */
@Execution(ExecutionMode.CONCURRENT)
class DirectoryTest {

    private static final NodeId NODE = NodeId.of("n0");

    @TempDir
    Path home;

    private final List<ControlLog> opened = new ArrayList<>();

    /** Writes down the indexes that it gets. */
    private static final class Seen implements ControlListener {

        final List<String> events = new CopyOnWriteArrayList<>();

        @Override
        public void snapshot(ControlSnapshot snapshot) {
            events.add("=" + snapshot.index());
        }

        @Override
        public void committed(ControlEntry entry) {
            events.add("" + entry.index());
        }
    }

    @AfterEach
    void closeLogs() {
        opened.forEach(ControlLog::close);
    }

    @Test
    void directoryOfAnotherClusterNodeOrListOfMembersIsRefused() {
        open("c", NODE, List.of(NODE)).close();
        refuses(ErrorCode.DIRECTORY_MISMATCH, "cluster \"c\"", "d", NODE, List.of(NODE));
        NodeId other = NodeId.of("n1");
        refuses(ErrorCode.DIRECTORY_MISMATCH, "node \"n0\"", "c", other, List.of(other));
        assertThat(open("c", NODE, List.of(NODE)).leader()).contains(NODE);
    }

    @Test
    void directoryWithOtherFilesIsRefusedAndLeftAsItIs() throws IOException {
        Files.writeString(home.resolve("control-00000000000000000001.log"), "x");
        refuses(ErrorCode.DIRECTORY_MISMATCH, "did not write", "c", NODE, List.of(NODE));
        try (Stream<Path> files = Files.list(home)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void directoryInUseIsRefused() {
        open("c", NODE, List.of(NODE));
        refuses(ErrorCode.DIRECTORY_LOCKED, "in use", "c", NODE, List.of(NODE));
    }

    @Test
    void newerDirectoryIsRefused() throws IOException {
        open("c", NODE, List.of(NODE)).close();
        Path group = home.resolve("group");
        Files.writeString(group, Files.readString(group).replace("format=1", "format=2"));
        refuses(ErrorCode.FORMAT_TOO_NEW, "version 2", "c", NODE, List.of(NODE));
    }

    @Test
    void damagedEntryIsRefusedAndNamed() throws Exception {
        write(20);
        Path segment = segments().get(0);
        byte[] bytes = Files.readAllBytes(segment);
        byte[] damaged = bytes.clone();
        damaged[bytes.length / 2] ^= 1;
        Files.write(segment, damaged);
        refuses(ErrorCode.CORRUPT_LOG, String.valueOf(segment.getFileName()), "c", NODE, List.of(NODE));
        Files.write(segment, bytes);
        assertThat(replay()).hasSize(20);
    }

    @Test
    void missingSegmentTermOrGroupIsRefused() throws Exception {
        for (int i = 0; i < 3; i++) {
            write(5);
        }
        assertThat(segments()).hasSizeGreaterThan(2);
        Path raft = segments().get(0).resolveSibling("raft-meta");
        for (Path file : List.of(segments().get(0), segments().get(1), raft)) {
            byte[] bytes = Files.readAllBytes(file);
            Files.delete(file);
            refuses(ErrorCode.CORRUPT_LOG, "damaged", "c", NODE, List.of(NODE));
            Files.write(file, bytes);
        }
        assertThat(replay()).hasSize(15);
    }

    @Test
    void whatACrashLeftIncompleteAtTheEndIsCutOff() throws Exception {
        write(20);
        Path last = segments().get(segments().size() - 1);
        byte[] bytes = Files.readAllBytes(last);
        Files.write(last, Arrays.copyOf(bytes, bytes.length - 3));
        assertThat(replay()).hasSizeBetween(19, 20);
        write(1);
        assertThat(replay()).hasSizeBetween(20, 21);
    }

    @Test
    void damagedSnapshotIsRefused() throws Exception {
        write(3);
        ControlLog log = open("c", NODE, List.of(NODE));
        log.compact(new ControlSnapshot(2, new byte[] {1, 2, 3}));
        log.close();
        Path snapshot = files("sm").stream()
                .filter(file -> !file.toString().endsWith(".md5"))
                .findFirst()
                .orElseThrow();
        byte[] bytes = Files.readAllBytes(snapshot);
        bytes[bytes.length - 6] ^= 1;
        Files.write(snapshot, bytes);
        refuses(ErrorCode.CORRUPT_LOG, String.valueOf(snapshot.getFileName()), "c", NODE, List.of(NODE));
    }

    @Test
    void compactionDropsWhatTheSnapshotStandsFor() throws Exception {
        ControlLog log = open("c", NODE, List.of(NODE));
        for (int i = 0; i < 40; i++) {
            log.propose(new byte[256 << 10]).toCompletableFuture().get(30, TimeUnit.SECONDS);
        }
        long before = bytes();
        log.compact(new ControlSnapshot(40, new byte[] {1}));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (bytes() > before / 2 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(bytes()).isLessThan(before / 2);
        log.close();
        assertThat(replay()).containsExactly("=40");
    }

    private void write(int count) throws Exception {
        ControlLog log = open("c", NODE, List.of(NODE));
        for (int i = 0; i < count; i++) {
            log.propose(new byte[1000]).toCompletableFuture().get(30, TimeUnit.SECONDS);
        }
        log.close();
    }

    private List<String> replay() {
        Seen seen = new Seen();
        ControlLog log = create("c", NODE, List.of(NODE));
        log.watch(seen);
        log.close();
        return seen.events;
    }

    private ControlLog open(String cluster, NodeId node, List<NodeId> members) {
        ControlLog log = create(cluster, node, members);
        log.watch(new Seen());
        return log;
    }

    private ControlLog create(String cluster, NodeId node, List<NodeId> members) {
        ControlLog log = new RatisControlLogFactory().create(new ControlLogContext(home, node, members, cluster, null));
        opened.add(log);
        return log;
    }

    private void refuses(ErrorCode code, String text, String cluster, NodeId node, List<NodeId> members) {
        assertThatThrownBy(() -> create(cluster, node, members))
                .isInstanceOfSatisfying(TidalException.class, thrown -> {
                    assertThat(thrown.code()).as(thrown.getMessage()).isEqualTo(code);
                    assertThat(thrown.getMessage()).contains(text);
                });
    }

    private List<Path> segments() throws IOException {
        return files("current").stream()
                .filter(file -> String.valueOf(file.getFileName()).startsWith("log_"))
                .sorted(java.util.Comparator.comparing(file -> Long.valueOf(
                        String.valueOf(file.getFileName()).replaceAll("log_(inprogress_)?(\\d+).*", "$2"))))
                .toList();
    }

    private List<Path> files(String parent) throws IOException {
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(home, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.getParent() != null && file.getParent().endsWith(parent)) {
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            /** The log may drop what it needs no more while it is looked at. */
            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }
        });
        return found;
    }

    private long bytes() throws IOException {
        long sum = 0;
        for (Path segment : segments()) {
            try {
                sum += Files.size(segment);
            } catch (NoSuchFileException dropped) {
                // dropped since it was listed: it counts for nothing
            }
        }
        return sum;
    }
}
