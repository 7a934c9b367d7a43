package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.SignalRecords;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("F-14: A part of a copy")
class CopiedBatchesTest implements WriteListener {

    private static final long MILLI = 1_000_000L;

    @TempDir
    Path directory;

    private final List<WalBatch> copied = new ArrayList<>();
    private final List<List<CommitListener.Committed>> commits = new ArrayList<>();
    private final List<ReceivedBatches.Result> taken = new ArrayList<>();
    private FoldReplica target;

    /** Has what one replica has written copied to another one, where somebody writes, too. */
    @BeforeEach
    void open() {
        FoldReplica source = new FoldReplica(0, directory, false);
        List<List<CommitListener.Committed>> written = new ArrayList<>();
        listen(source, written);
        for (int i = 0; i < 3; i++) {
            write(source);
        }
        written.forEach(each -> each.forEach(batch -> copied.add(batch.batch())));
        target = new FoldReplica(1, directory, false);
        write(target);
        listen(target, commits);
    }

    private static void listen(FoldReplica replica, List<List<CommitListener.Committed>> told) {
        replica.loop().commits().listener(new CommitListener() {
            @Override
            public void committed(List<Committed> batches, List<WriteRequest> awaiting) {
                if (!batches.isEmpty()) {
                    told.add(batches);
                }
            }

            @Override
            public boolean marked(TenantShard shard, ControlRecord.DigestMark mark) {
                return false;
            }
        });
    }

    private void write(FoldReplica replica) {
        write(replica, 1);
    }

    private void write(FoldReplica replica, int signals) {
        ByteBuffer record = ByteBuffer.allocate(signals * SignalRecords.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < signals; i++) {
            SignalRecords.put(record, i * SignalRecords.BYTES, 42, 0, 1, 0);
        }
        WriteRequest write =
                new WriteRequest(replica.shard, record, List.of(), null, Durability.LOCAL, Long.MAX_VALUE, this);
        assertThat(replica.shard.tenant().enqueue(write.queueBytes())).isTrue();
        replica.loop().write(write);
        replica.loop().runOnce();
    }

    private void copy(int part) {
        target.loop().receive(ReceivedBatches.patient(target.shard, List.of(copied.get(part)), taken::add));
        target.loop().runOnce();
    }

    @Override
    public void acknowledged(WalSegmentId last, Completions completions) {}

    @Override
    public void refused(TidalException reason) {
        throw new AssertionError(reason);
    }

    @Test
    @DisplayName("shares the sync of the next write, while there are some")
    void sharesASync() {
        target.clock.advanceNanos(4 * MILLI);
        copy(0);
        assertThat(commits).isEmpty();
        write(target);
        assertThat(commits).hasSize(1);
        assertThat(commits.get(0)).hasSize(2);
        assertThat(taken).hasSize(1);
    }

    @Test
    @DisplayName(
            "shares it with no more than 64 KiB of others; what is left shares the next one, or goes when its time is over")
    void isBounded() {
        FoldReplica source = new FoldReplica(2, directory, false);
        List<List<CommitListener.Committed>> written = new ArrayList<>();
        listen(source, written);
        for (int i = 0; i < 4; i++) {
            write(source, 40_000 / SignalRecords.BYTES);
        }
        for (List<CommitListener.Committed> each : written) {
            List<WalBatch> batches =
                    each.stream().map(CommitListener.Committed::batch).toList();
            target.loop().receive(ReceivedBatches.patient(target.shard, batches, taken::add));
        }
        assertThat(target.loop().runOnce()).isTrue();
        assertThat(commits).isEmpty();
        write(target);
        assertThat(taken).hasSize(1);
        write(target);
        assertThat(taken).hasSize(2);
        target.loop().idled();
        assertThat(taken).hasSize(3);
        target.loop().runOnce();
        assertThat(taken).hasSize(4).extracting(ReceivedBatches.Result::problem).containsOnlyNulls();
        assertThat(target.loop().idleNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    @DisplayName("waits no longer than 5 ms for one")
    void isNotForgotten() {
        copy(0);
        assertThat(target.loop().idleNanos()).isEqualTo(5 * MILLI);
        target.loop().idled();
        assertThat(commits).hasSize(1);
        assertThat(taken).hasSize(1);
        copy(1);
        target.clock.advanceNanos(5 * MILLI);
        assertThat(target.loop().runOnce())
                .as("kept busy by tasks, it does not idle")
                .isTrue();
        assertThat(taken).hasSize(2);
        assertThat(target.loop().idleNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    @DisplayName("waits for nobody where nobody writes")
    void alone() {
        target.clock.advanceNanos(1_000 * MILLI);
        copy(0);
        assertThat(taken).hasSize(1);
    }

    @Test
    @DisplayName("goes before what comes after it in the same log")
    void inOrder() {
        copy(0);
        copy(1);
        target.loop().receive(new ReceivedBatches(target.shard, List.of(copied.get(2)), taken::add));
        target.loop().runOnce();
        assertThat(taken).extracting(ReceivedBatches.Result::problem).containsOnlyNulls();
        assertThat(taken)
                .extracting(ReceivedBatches.Result::lastSeqno)
                .containsOnly(copied.get(2).lastSeqno());
    }

    @Test
    @DisplayName("is taken, or refused, when the node closes")
    void closed() {
        copy(0);
        target.loop().close();
        assertThat(taken).hasSize(1);
        copy(1);
        target.loop().abandon();
        assertThat(taken).hasSize(2);
        assertThat(taken.get(1).problem()).isNotNull();
    }
}
