package io.tidaldb.control.ratis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlNetwork;
import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.control.ratis.Wire.Kind;
import io.tidaldb.testkit.ControlNetworks;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.FileChunkProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto.SnapshotChunkProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.MetadataProto;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.TermIndexProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a member does with requests that no proper member sends. */
class MemberRequestsTest {

    private static final NodeId SELF = NodeId.of("n0");
    private static final NodeId OTHER = NodeId.of("n1");
    private static final NodeId STRANGER = NodeId.of("n9");

    @TempDir
    Path home;

    private final ControlNetworks networks = new ControlNetworks();
    private final ControlNetwork other = networks.of(OTHER);
    private final ControlNetwork stranger = networks.of(STRANGER);
    private @Nullable ControlLog log;

    @BeforeEach
    void open() {
        List<NodeId> members = List.of(SELF, OTHER, NodeId.of("n2"));
        ControlLog opened = new RatisControlLogFactory()
                .create(new ControlLogContext(home.resolve("control"), SELF, members, "c", networks.of(SELF)));
        log = opened;
        opened.watch(new ControlListener() {
            @Override
            public void snapshot(ControlSnapshot snapshot) {}

            @Override
            public void committed(ControlEntry entry) {}
        });
    }

    @AfterEach
    void close() {
        if (log != null) {
            log.close();
        }
        networks.close();
    }

    @Test
    void requestsInNoFormAreRefused() {
        assertThat(code(other, ByteBuffer.allocate(0))).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(code(other, ByteBuffer.wrap(new byte[] {99}))).isEqualTo(ErrorCode.UNSUPPORTED);
        assertThat(code(other, ByteBuffer.wrap(new byte[] {-1}))).isEqualTo(ErrorCode.UNSUPPORTED);
        Random random = new Random(3);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = new byte[1 + random.nextInt(60)];
            random.nextBytes(bytes);
            bytes[0] = (byte) random.nextInt(Kind.values().length);
            // What is in a form is a question that nobody answers who has no leader.
            assertThat(code(other, ByteBuffer.wrap(bytes)))
                    .isIn(ErrorCode.INVALID_ARGUMENT, ErrorCode.CORRUPT_DATA, ErrorCode.PEER_UNAVAILABLE, null);
        }
    }

    @Test
    void nobodyElseIsAnswered() {
        ByteBuffer proposal = Wire.message(Kind.PROPOSE, new Proposal(UUID.randomUUID(), 1, new byte[] {1}).encode());
        assertThat(code(stranger, proposal)).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(code(stranger, append(OTHER))).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(code(other, append(STRANGER))).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(code(other, append(SELF))).isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }

    @Test
    void snapshotThatNamesOtherFilesIsRefused() throws Exception {
        for (String file :
                List.of("../../x", "sm/../x", "/x", "sm/x", "current/raft-meta", "sm/snapshot.1_2/../../y")) {
            assertThat(code(other, part(UUID.randomUUID().toString(), file, 10)))
                    .isEqualTo(ErrorCode.INVALID_ARGUMENT);
        }
        assertThat(code(other, part("../..", "sm/snapshot.1_2", 10))).isEqualTo(ErrorCode.INVALID_ARGUMENT);
        assertThat(code(other, part(UUID.randomUUID().toString(), "sm/snapshot.1_2", 1L << 40)))
                .isEqualTo(ErrorCode.INVALID_ARGUMENT);
        try (Stream<Path> files = Files.list(home)) {
            assertThat(files).containsExactly(home.resolve("control"));
        }
    }

    @Test
    void whatTheNextLeaderHasAddedIsThereWhateverTheFormerOneSendsMeanwhile() throws Exception {
        NodeId next = NodeId.of("n2");
        ControlNetwork third = networks.of(next);
        long term = 1;
        assertThat(appended(other, OTHER, term, null, 0, 1).join().getResult()).isEqualTo(AppendResult.SUCCESS);
        TermIndexProto first = place(term, 0);
        int added = 0;
        for (int round = 0; round < 300; round++) {
            term += 2;
            CompletableFuture<AppendEntriesReplyProto> former = appended(other, OTHER, term - 1, first, 1, 3);
            AppendEntriesReplyProto reply =
                    appended(third, next, term, first, 1, 1).join();
            former.join();
            if (reply.getResult() == AppendResult.SUCCESS) {
                assertThat(appended(third, next, term, place(term, 1), 2, 0)
                                .join()
                                .getResult())
                        .as("of round %s, after %s", round, reply)
                        .isEqualTo(AppendResult.SUCCESS);
                added++;
            }
            term = Math.max(term, reply.getTerm());
        }
        assertThat(added).isPositive();
    }

    /** Sends so many entries of a term, from an index on. */
    private CompletableFuture<AppendEntriesReplyProto> appended(
            ControlNetwork from, NodeId leader, long term, @Nullable TermIndexProto previous, long index, int entries) {
        AppendEntriesRequestProto.Builder append = AppendEntriesRequestProto.newBuilder()
                .setServerRequest(header(leader).toBuilder()
                        .setRaftGroupId(RaftGroupIdProto.newBuilder()
                                .setId(RaftGroupMember.group("c").toByteString())))
                .setLeaderTerm(term);
        if (previous != null) {
            append.setPreviousLog(previous);
        }
        for (int i = 0; i < entries; i++) {
            append.addEntries(LogEntryProto.newBuilder()
                    .setTerm(term)
                    .setIndex(index + i)
                    .setMetadataEntry(MetadataProto.getDefaultInstance()));
        }
        return from.request(SELF, Wire.message(Kind.APPEND, append.build()), Duration.ofSeconds(20))
                .thenApply(answer -> {
                    try {
                        return AppendEntriesReplyProto.parseFrom(answer);
                    } catch (InvalidProtocolBufferException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toCompletableFuture();
    }

    private static TermIndexProto place(long term, long index) {
        return TermIndexProto.newBuilder().setTerm(term).setIndex(index).build();
    }

    /** Returns with what a request fails, or null if it does not. */
    private static @Nullable ErrorCode code(ControlNetwork from, ByteBuffer message) {
        Throwable thrown = catchThrowable(() -> from.request(SELF, message, Duration.ofSeconds(20))
                .toCompletableFuture()
                .join());
        if (thrown instanceof CompletionException && thrown.getCause() instanceof TidalException failure) {
            return failure.code();
        }
        return null;
    }

    private static ByteBuffer append(NodeId from) {
        return Wire.message(
                Kind.APPEND,
                AppendEntriesRequestProto.newBuilder()
                        .setServerRequest(header(from))
                        .build());
    }

    private static ByteBuffer part(String id, String file, long total) {
        return Wire.message(
                Kind.SNAPSHOT,
                InstallSnapshotRequestProto.newBuilder()
                        .setServerRequest(header(OTHER))
                        .setLeaderTerm(100)
                        .setSnapshotChunk(SnapshotChunkProto.newBuilder()
                                .setRequestId(id)
                                .setTotalSize(total)
                                .addFileChunks(FileChunkProto.newBuilder().setFilename(file)))
                        .build());
    }

    private static RaftRpcRequestProto header(NodeId from) {
        return RaftRpcRequestProto.newBuilder()
                .setRequestorId(Wire.peer(from).toByteString())
                .setReplyId(Wire.peer(SELF).toByteString())
                .build();
    }
}
