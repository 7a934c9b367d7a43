package io.tidaldb.core.replication;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.testkit.BatchSequence;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-31 batches kept for shipping")
class RecentBatchesTest {

    private static BatchSequence log(int shard) {
        // The sign bit is set in the seqnos of such an incarnation.
        Origin origin = new Origin(RegionId.of(1), ShardId.of(shard), Seqno.MAX_INCARNATION - shard);
        return new BatchSequence(LogId.own(TenantId.of(shard), origin));
    }

    private static long bytes(WalBatch batch) {
        return (long) batch.length() + RecentBatches.ENTRY_BYTES;
    }

    @Test
    @DisplayName("R-31: a follower gets what comes from its next seqno on, and nothing if it has everything")
    void servesFromASeqno() {
        RecentBatches recent = new RecentBatches(1 << 20);
        BatchSequence log = log(0);
        for (int i = 0; i < 10; i++) {
            recent.add(log.log(), log.next(3));
        }
        List<WalBatch> batches = log.batches();
        for (int i = 0; i < 10; i++) {
            long first = batches.get(i).firstSeqno();
            assertThat(recent.from(log.log(), first)).isEqualTo(batches.subList(i, 10));
            assertThat(recent.from(log.log(), first + 1)).isNull();
        }
        assertThat(recent.from(log.log(), log.nextSeqno())).isEmpty();
        assertThat(recent.from(log.log(), log.nextSeqno() + 1)).isNull();
        assertThat(recent.from(log.log(), log.log().origin().startSeqno())).isNull();
        assertThat(recent.from(log(1).log(), 1)).isNull();
    }

    @Test
    @DisplayName("R-31: what is returned can be bounded, but for one batch")
    void boundsWhatItReturns() {
        RecentBatches recent = new RecentBatches(1 << 20);
        BatchSequence log = log(0);
        for (int i = 0; i < 10; i++) {
            recent.add(log.log(), log.next(3));
        }
        long first = log.batches().get(0).firstSeqno();
        int length = log.batches().get(0).length();
        assertThat(recent.from(log.log(), first, 0)).hasSize(1);
        assertThat(recent.from(log.log(), first, 3L * length - 1)).hasSize(2);
        assertThat(recent.from(log.log(), first, 3L * length)).hasSize(3);
    }

    @Test
    void aLogThatGoesOnElsewhereBeginsAnew() {
        RecentBatches recent = new RecentBatches(1 << 20);
        BatchSequence log = log(0);
        recent.add(log.log(), log.next(3));
        long gone = log.batches().get(0).firstSeqno();
        BatchSequence after = new BatchSequence(log.log(), log.nextSeqno() + 100, 5);
        WalBatch batch = after.next(1);
        recent.add(log.log(), batch);
        assertThat(recent.from(log.log(), gone)).isNull();
        assertThat(recent.from(log.log(), batch.firstSeqno())).containsExactly(batch);
        assertThat(recent.bytes()).isEqualTo(bytes(batch));
    }

    @Test
    void aBatchLargerThanTheBoundIsNotKept() {
        RecentBatches recent = new RecentBatches(1000);
        BatchSequence log = log(0);
        recent.add(log.log(), log.next(1));
        recent.add(log.log(), log.nextOfBytes(2000));
        assertThat(recent.bytes()).isZero();
        assertThat(recent.from(log.log(), log.nextSeqno())).isNull();
        WalBatch batch = log.next(1);
        recent.add(log.log(), batch);
        assertThat(recent.from(log.log(), batch.firstSeqno())).containsExactly(batch);
    }

    @Test
    @DisplayName("R-31: the bound holds over all logs, and the oldest go first")
    void agreesWithAModel() {
        record Kept(BatchSequence log, WalBatch batch) {}
        for (int seed = 0; seed < 50; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            long bound = 500L + random.nextInt(20_000);
            RecentBatches recent = new RecentBatches(bound);
            List<BatchSequence> logs = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                logs.add(log(i));
            }
            Deque<Kept> model = new ArrayDeque<>();
            for (int step = 0; step < 500; step++) {
                BatchSequence log = logs.get(random.nextInt(logs.size()));
                if (random.nextInt(50) == 0) {
                    recent.forget(log.log());
                    model.removeIf(kept -> kept.log == log);
                } else {
                    WalBatch batch = log.next(1 + random.nextInt(5));
                    recent.add(log.log(), batch);
                    model.add(new Kept(log, batch));
                    while (model.stream().mapToLong(kept -> bytes(kept.batch)).sum() > bound) {
                        model.remove();
                    }
                }
                assertThat(recent.bytes())
                        .as("seed %d", seed)
                        .isEqualTo(model.stream()
                                .mapToLong(kept -> bytes(kept.batch))
                                .sum());
                BatchSequence asked = logs.get(random.nextInt(logs.size()));
                List<WalBatch> expected = model.stream()
                        .filter(kept -> kept.log == asked)
                        .map(Kept::batch)
                        .toList();
                if (expected.isEmpty()) {
                    assertThat(recent.from(asked.log(), asked.nextSeqno()))
                            .as("seed %d", seed)
                            .isNull();
                } else {
                    int from = random.nextInt(expected.size());
                    List<WalBatch> found = requireNonNull(
                            recent.from(asked.log(), expected.get(from).firstSeqno()));
                    assertThat(found).as("seed %d", seed).isEqualTo(expected.subList(from, expected.size()));
                    long before = expected.get(0).firstSeqno() - 1;
                    assertThat(recent.from(asked.log(), before)).isNull();
                }
            }
        }
    }
}
