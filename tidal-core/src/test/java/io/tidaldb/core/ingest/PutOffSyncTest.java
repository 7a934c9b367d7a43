package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
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

@DisplayName("A commit that was acknowledged before its sync")
class PutOffSyncTest implements CommitListener, WriteListener {

    private static final IdempotencyKey KEY = new IdempotencyKey(1, 1);

    @TempDir
    Path directory;

    private final List<Committed> told = new ArrayList<>();
    private final List<WriteRequest> awaited = new ArrayList<>();
    private final List<WalSegmentId> acknowledged = new ArrayList<>();
    private FoldReplica replica;

    @BeforeEach
    void open() {
        replica = new FoldReplica(0, directory, false);
        replica.loop().commits().listener(this);
        // Takes the signal type into the log, which is synced at once.
        write(Durability.LOCAL, new IdempotencyKey(1, 0));
        told.clear();
        acknowledged.clear();
    }

    @Override
    public void committed(List<Committed> batches, List<WriteRequest> awaiting) {
        told.addAll(batches);
        awaited.addAll(awaiting);
    }

    @Override
    public boolean marked(TenantShard shard, ControlRecord.DigestMark mark) {
        return false;
    }

    @Override
    public void acknowledged(WalSegmentId last, Completions completions) {
        acknowledged.add(last);
    }

    @Override
    public void refused(TidalException reason) {
        throw new AssertionError(reason);
    }

    private void write(Durability level, IdempotencyKey key) {
        ByteBuffer record = ByteBuffer.allocate(SignalRecords.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        SignalRecords.put(record, 0, 42, 0, 1, 0);
        WriteRequest write = new WriteRequest(replica.shard, record, List.of(), key, level, Long.MAX_VALUE, this);
        assertThat(replica.shard.tenant().enqueue(write.queueBytes())).isTrue();
        replica.loop().write(write);
        replica.loop().runOnce();
    }

    @Test
    @DisplayName("is told to others after the sync, once, whatever the loop does before")
    void isToldOnce() {
        write(Durability.ASYNC, KEY);
        write(Durability.ASYNC, KEY);
        assertThat(acknowledged).hasSize(2);
        assertThat(told).isEmpty();

        replica.loop().idled();
        replica.loop().idled();
        assertThat(told).hasSize(1);
    }

    @Test
    @DisplayName("is synced and told before a task runs")
    void isToldBeforeATask() {
        write(Durability.ASYNC, KEY);
        List<Integer> seen = new ArrayList<>();
        var task = replica.loop().submit(replica.shard.flow(), 0, () -> seen.add(told.size()));
        replica.loop().runOnce();
        assertThat(task).isDone();
        assertThat(seen).containsExactly(1);
        assertThat(told).hasSize(1);
    }

    @Test
    @DisplayName("is told before a retry is that is to be on other nodes as well")
    void isToldBeforeARetry() {
        write(Durability.ASYNC, KEY);
        write(Durability.MAJORITY, KEY);
        assertThat(told).hasSize(1);
        assertThat(awaited).hasSize(1);
    }

    @Test
    @DisplayName("shares the sync of the next one that needs it")
    void sharesASync() {
        write(Durability.ASYNC, KEY);
        write(Durability.LOCAL, new IdempotencyKey(1, 2));
        assertThat(told).hasSize(2);
        assertThat(acknowledged).hasSize(2);
    }
}
