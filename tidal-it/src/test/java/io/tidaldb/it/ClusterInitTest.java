package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterInit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Members that wait until their cluster is made, over sockets")
class ClusterInitTest {

    @TempDir
    private Path directory;

    private Members members;
    private final ClusterInit word = new ClusterInit();

    @BeforeEach
    void prepare() throws IOException {
        members = new Members(directory);
    }

    @AfterEach
    void close() {
        members.close();
    }

    private CompletableFuture<Void> start(int node, ClusterInit init) {
        return CompletableFuture.runAsync(() -> members.start(builder -> builder.init(init), node));
    }

    private static void refused(ErrorCode code, String part, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(part);
    }

    @Test
    @DisplayName("wait for each other and for the word, which is given once, and serve then; later they need none")
    void once() {
        CompletableFuture<Void> first = start(0, word);
        Await.passes(() -> assertThat(word.isAwaited()).isTrue());
        refused(ErrorCode.PEER_UNAVAILABLE, "[n1, n2] did not answer", word::init);
        ClusterInit unsaid = new ClusterInit();
        CompletableFuture<Void> second = start(1, unsaid);
        CompletableFuture<Void> third = start(2, new ClusterInit());
        Await.passes(() -> word.init());
        CompletableFuture.allOf(first, second, third).join();
        refused(ErrorCode.NOT_CAUGHT_UP, "initialised already", word::init);
        refused(ErrorCode.NOT_CAUGHT_UP, "initialised already", unsaid::init);
        assertThat(members.node(2).health().nodes()).hasSize(3);
        members.kill(1);
        start(1, new ClusterInit()).join();
    }

    @Test
    @DisplayName("class 9: one that comes back with an empty disk is refused though nobody can agree on anything")
    void emptyDisk() {
        members.start(0, 1, 2);
        members.kill(0);
        members.kill(2);
        Trees.delete(directory.resolve("n2"));
        assertThatThrownBy(() -> members.start(2)).hasMessageContaining("it has lost what it had");
        members.start(0);
        assertThat(members.node(1).health().nodes()).hasSize(3);
    }

    @Test
    @DisplayName("those that have lost their disks make no second cluster, though they are more than half")
    void noSecondCluster() throws InterruptedException {
        members.start(0, 1, 2);
        for (int node = 0; node < Members.FOUNDERS; node++) {
            members.kill(node);
        }
        Trees.delete(directory.resolve("n0"));
        Trees.delete(directory.resolve("n1"));
        List<CompletableFuture<Void>> empty = List.of(start(0), start(1));
        Thread third = new Thread(() -> assertThatThrownBy(
                        () -> Members.founder(directory, 2, members.founders()).open())
                .isInstanceOf(TidalException.class));
        third.start();
        for (CompletableFuture<Void> each : empty) {
            // Promised or acknowledged: that depends on whether the third has read what was agreed.
            refused(ErrorCode.DIRECTORY_MISMATCH, "it has lost what it had", () -> joined(each));
        }
        third.interrupt();
        third.join();
    }

    @Test
    @DisplayName("one that comes back from another cluster of the same name is refused, and says why")
    void ofAnotherCluster() throws IOException {
        members.start(0, 1, 2);
        for (int node = 0; node < Members.FOUNDERS; node++) {
            members.stop(node);
        }
        Path former = directory.resolve("former");
        Files.move(directory.resolve("n2"), former);
        Trees.delete(directory.resolve("n0"));
        Trees.delete(directory.resolve("n1"));
        members.start(0, 1, 2);
        // Further than the former cluster: the one that comes back must not be taken for an older copy.
        for (int tenant = 1; tenant <= 100; tenant++) {
            members.node(0)
                    .createTenant(TenantConfig.builder(TenantId.of(tenant)).build());
        }
        Path marks = directory.resolve("n0").resolve("control-marks");
        Await.passes(() -> assertThat(marks).content().containsPattern("(?m)^n2 \\d+ \\d{3,} "));
        members.stop(2);
        Trees.delete(directory.resolve("n2"));
        Files.move(former, directory.resolve("n2"));
        refused(ErrorCode.DIRECTORY_MISMATCH, "belongs to another cluster", () -> joined(start(2)));
    }

    private CompletableFuture<Void> start(int node) {
        return CompletableFuture.runAsync(() -> members.start(node));
    }

    private static void joined(CompletableFuture<Void> started) {
        try {
            started.join();
        } catch (CompletionException e) {
            Throwable reason = e;
            while (reason instanceof CompletionException && reason.getCause() != null) {
                reason = reason.getCause();
            }
            throw (TidalException) reason;
        }
    }
}
