package io.tidaldb.core.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.key.KeyRing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Logs of a backup that become another tenant's")
class LogTransferTest {

    private static final Origin CLOSED = new Origin(RegionId.of(0), ShardId.of(0), 0);
    private static final Origin LEADER = new Origin(RegionId.of(1), ShardId.of(0), 0);
    private static final Origin SUCCESSOR = new Origin(RegionId.of(2), ShardId.of(3), 70);
    private static final Origin NEXT = new Origin(RegionId.of(2), ShardId.of(3), 71);
    private static final SortedMap<Origin, Origin> SUCCESSORS = new TreeMap<>(Map.of(CLOSED, SUCCESSOR, LEADER, NEXT));

    /** Returns the record of the leader's log, when the closed log is restored up to a seqno. */
    private static ControlRecord transferred(ControlRecord record, long closedTo) {
        ByteBuffer body = BodyRecords.encode(List.of(record.encode()));
        int length = body.remaining();
        ByteBuffer bytes = ByteBuffer.allocate(WalBatch.HEADER_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(WalBatch.HEADER_BYTES, body, body.position(), length);
        WalBatch.writeHeader(
                bytes, RecordKind.CONTROL, 0, LEADER.startSeqno() + 1, 1, length, TenantId.of(7), LEADER, 1L << 16);
        WalBatch batch = WalBatch.seal(bytes, new Chain().next(Chain.START, bytes.array(), bytes.array().length));
        LogTransfer transfer = new LogTransfer(
                TenantId.of(8),
                new RenamedOrigins(SUCCESSORS),
                new TreeMap<>(Map.of(CLOSED, closedTo, LEADER, LEADER.startSeqno() + 1)),
                List.of(),
                KeyRing.NONE,
                KeyRing.NONE);
        return ControlRecord.decode(BodyRecords.decode(transfer.next(batch, 1)).get(0));
    }

    @Test
    @DisplayName("merge the origins that they come from, if all of it is restored, and nothing if not")
    void merges() {
        List<ControlRecord.End> ends = List.of(new ControlRecord.End(CLOSED, CLOSED.startSeqno() + 9));
        List.of(new ControlRecord.Merge(ends), new ControlRecord.Compaction(ends))
                .forEach(record -> {
                    assertThat(transferred(record, CLOSED.startSeqno() + 9))
                            .isEqualTo(new ControlRecord.Merge(
                                    List.of(new ControlRecord.End(SUCCESSOR, SUCCESSOR.startSeqno() + 9))));
                    assertThat(transferred(record, CLOSED.startSeqno() + 8))
                            .isEqualTo(new ControlRecord.Merge(List.of()));
                });
    }

    @Test
    @DisplayName("take back the writes that they took back, if those and what counts instead are restored")
    void takeBack() {
        ByteBuffer records = ByteBuffer.allocate(2 * SignalRecords.BYTES);
        ControlRecord.End own = new ControlRecord.End(LEADER, LEADER.startSeqno() + 1);
        ControlRecord.Voided voided = new ControlRecord.Voided(CLOSED, CLOSED.startSeqno() + 3, 1L << 16, own, records);
        assertThat(transferred(voided, CLOSED.startSeqno() + 4))
                .isEqualTo(new ControlRecord.Voided(
                        SUCCESSOR,
                        SUCCESSOR.startSeqno() + 3,
                        1L << 16,
                        new ControlRecord.End(NEXT, NEXT.startSeqno() + 1),
                        records));
        assertThat(transferred(voided, CLOSED.startSeqno() + 3)).isEqualTo(new ControlRecord.Merge(List.of()));
        ControlRecord.End stays = new ControlRecord.End(CLOSED, CLOSED.startSeqno() + 9);
        assertThat(transferred(
                        new ControlRecord.Voided(CLOSED, CLOSED.startSeqno() + 3, 1L << 16, stays, records),
                        CLOSED.startSeqno() + 8))
                .isEqualTo(new ControlRecord.Merge(List.of()));
    }
}
