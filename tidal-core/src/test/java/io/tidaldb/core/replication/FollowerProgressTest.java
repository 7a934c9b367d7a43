package io.tidaldb.core.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.replication.FollowerProgress.Outcome;
import io.tidaldb.testkit.BatchSequence;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-31 what a follower has of a log")
class FollowerProgressTest {

    private static final int WINDOW = 1000;

    private final Origin origin = new Origin(RegionId.of(1), ShardId.of(2), Seqno.MAX_INCARNATION);
    private final long start = origin.startSeqno();
    private final BatchSequence log = new BatchSequence(LogId.own(TenantId.of(3), origin));
    private final FollowerProgress follower = new FollowerProgress(start, start, WINDOW);

    private WalBatch commit(int signals) {
        WalBatch batch = log.next(signals);
        follower.committed(batch);
        return batch;
    }

    private WalBatch send(int signals) {
        WalBatch batch = commit(signals);
        follower.sent(batch);
        return batch;
    }

    private Outcome ack(WalBatch batch) {
        return follower.acked(batch.lastSeqno(), batch.chain());
    }

    @Test
    @DisplayName("R-31: acknowledgements are cumulative and give credit back")
    void acknowledges() {
        WalBatch first = send(2);
        WalBatch second = send(3);
        WalBatch third = send(1);
        assertThat(follower.nextSeqno()).isEqualTo(start + 7);
        assertThat(follower.inFlightBytes()).isEqualTo(first.length() + second.length() + third.length());
        assertThat(ack(second)).isEqualTo(Outcome.ADVANCED);
        assertThat(follower.ackedSeqno()).isEqualTo(start + 5);
        assertThat(follower.inFlightBytes()).isEqualTo(third.length());
        assertThat(ack(first)).isEqualTo(Outcome.STALE);
        assertThat(ack(second)).isEqualTo(Outcome.STALE);
        assertThat(ack(third)).isEqualTo(Outcome.ADVANCED);
        assertThat(follower.inFlightBytes()).isZero();
        assertThat(follower.isBehind()).isFalse();
    }

    @Test
    @DisplayName("F-50: an acknowledgement with another chain, or inside a batch, is divergence and changes nothing")
    void findsDivergence() {
        WalBatch first = send(2);
        WalBatch second = send(3);
        assertThat(follower.acked(second.lastSeqno(), second.chain() + 1)).isEqualTo(Outcome.DIVERGED);
        assertThat(follower.acked(second.lastSeqno() - 1, second.chain())).isEqualTo(Outcome.DIVERGED);
        assertThat(follower.acked(first.firstSeqno(), first.chain())).isEqualTo(Outcome.DIVERGED);
        assertThat(follower.ackedSeqno()).isEqualTo(start);
        assertThat(follower.inFlightBytes()).isEqualTo(first.length() + second.length());
        assertThat(ack(second)).isEqualTo(Outcome.ADVANCED);
    }

    @Test
    @DisplayName("R-31: a follower that has what was not sent is for the log itself to compare")
    void reportsWhatWasNotSent() {
        WalBatch batch = commit(2);
        assertThat(ack(batch)).isEqualTo(Outcome.AHEAD);
        follower.rewind(batch.lastSeqno() + 1);
        assertThat(follower.ackedSeqno()).isEqualTo(batch.lastSeqno());
        assertThat(follower.lagRecords()).isZero();
        assertThat(send(1)).isNotNull();
    }

    @Test
    @DisplayName("R-31: what is under way fits the window, or is one batch")
    void keepsToTheWindow() {
        assertThat(follower.hasCredit(10 * WINDOW)).isTrue();
        WalBatch batch = send(10);
        assertThat(follower.hasCredit(WINDOW - batch.length())).isTrue();
        assertThat(follower.hasCredit(WINDOW - batch.length() + 1)).isFalse();
        ack(batch);
        assertThat(send(1000).length()).isGreaterThan(WINDOW);
        assertThat(follower.hasCredit(1)).isFalse();
    }

    @Test
    @DisplayName("R-31: after a gap it is sent again what it does not have")
    void rewinds() {
        WalBatch first = send(2);
        WalBatch second = send(3);
        WalBatch third = send(1);
        follower.rewind(second.firstSeqno());
        assertThat(follower.ackedSeqno()).isEqualTo(first.lastSeqno());
        assertThat(follower.nextSeqno()).isEqualTo(second.firstSeqno());
        assertThat(follower.inFlightBytes()).isZero();
        assertThat(follower.isBehind()).isTrue();
        follower.sent(second);
        assertThat(ack(third)).isEqualTo(Outcome.AHEAD);
        follower.sent(third);
        assertThat(ack(third)).isEqualTo(Outcome.ADVANCED);
    }

    @Test
    void onlyTheNextCommittedBatchIsSent() {
        WalBatch first = commit(2);
        WalBatch second = commit(2);
        refuses(() -> follower.sent(second));
        follower.sent(first);
        refuses(() -> follower.sent(first));
        follower.sent(second);
        refuses(() -> follower.sent(log.next(1)));
        refuses(() -> follower.rewind(second.lastSeqno() + 2));
    }

    private static void refuses(Runnable call) {
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(call::run)
                .extracting(TidalException::code)
                .isEqualTo(ErrorCode.INTERNAL);
    }

    @Test
    @DisplayName("R-34: the lag is that of the oldest batch not acknowledged, sent or not")
    void knowsItsLag() {
        assertThat(follower.lagMillis(1)).hasValue(0);
        WalBatch first = commit(2);
        long written = Hlc.millis(first.hlc());
        assertThat(follower.lagRecords()).isEqualTo(2);
        assertThat(follower.lagMillis(written + 5)).hasValue(5);
        assertThat(follower.lagMillis(written - 5)).hasValue(0);
        follower.sent(first);
        WalBatch second = send(3);
        assertThat(follower.lagRecords()).isEqualTo(5);
        ack(first);
        assertThat(follower.lagRecords()).isEqualTo(3);
        assertThat(follower.lagMillis(Hlc.millis(second.hlc()) + 9)).hasValue(9);
        ack(second);
        assertThat(follower.lagRecords()).isZero();
        assertThat(follower.lagMillis(written + 1_000_000)).hasValue(0);
    }

    @Test
    @DisplayName("R-34: the lag in time of a follower that came with a gap is known once something was sent")
    void learnsTheLagOfAGap() {
        WalBatch first = commit(2);
        FollowerProgress late = new FollowerProgress(start, first.lastSeqno(), WINDOW);
        assertThat(late.lagMillis(0)).isEmpty();
        assertThat(late.lagRecords()).isEqualTo(2);
        late.sent(first);
        assertThat(late.lagMillis(Hlc.millis(first.hlc()) + 7)).hasValue(7);
        late.rewind(first.firstSeqno());
        assertThat(late.lagMillis(Hlc.millis(first.hlc()) + 8)).hasValue(8);
        late.sent(first);
        late.acked(first.lastSeqno(), first.chain());
        late.rewind(first.firstSeqno());
        assertThat(late.lagMillis(0)).isEmpty();
    }

    @Test
    @DisplayName("R-31: a follower on any link that loses and repeats ends with the whole log, within the window")
    void convergesOnABadLink() {
        for (int seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            BatchSequence written = new BatchSequence(LogId.own(TenantId.of(3), origin));
            FollowerProgress progress = new FollowerProgress(start, start, WINDOW);
            List<WalBatch> arriving = new ArrayList<>();
            WalBatch held = null;
            for (int step = 0; step < 400; step++) {
                int choice = step < 300 ? random.nextInt(6) : 1 + random.nextInt(2);
                if (choice == 0) {
                    progress.committed(written.next(1 + random.nextInt(20)));
                } else if (choice == 1) {
                    for (WalBatch batch : written.batches()) {
                        if (batch.firstSeqno() == progress.nextSeqno() && progress.hasCredit(batch.length())) {
                            progress.sent(batch);
                            arriving.add(batch);
                        }
                    }
                } else if (choice == 2) {
                    for (WalBatch batch : arriving) {
                        assertThat(batch.firstSeqno()).isEqualTo(held == null ? start + 1 : held.lastSeqno() + 1);
                        held = batch;
                    }
                    arriving.clear();
                    if (held != null) {
                        assertThat(progress.acked(held.lastSeqno(), held.chain()))
                                .as("seed %d, step %d", seed, step)
                                .isIn(Outcome.ADVANCED, Outcome.STALE);
                    }
                } else if (choice == 3) {
                    arriving.clear();
                    progress.rewind(held == null ? start + 1 : held.lastSeqno() + 1);
                }
                assertThat(progress.inFlightBytes()).isLessThanOrEqualTo(WINDOW);
                assertThat(progress.lagRecords()).isEqualTo(written.nextSeqno() - 1 - progress.ackedSeqno());
            }
            assertThat(progress.lagRecords()).as("seed %d", seed).isZero();
        }
    }
}
