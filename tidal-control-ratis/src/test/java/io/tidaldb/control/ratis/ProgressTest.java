package io.tidaldb.control.ratis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlSnapshot;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.UUID;
import org.apache.ratis.server.protocol.TermIndex;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private static final UUID ONE = new UUID(1, 2);
    private static final UUID OTHER = new UUID(3, 4);

    private final Progress progress = new Progress();
    private long place;

    @Test
    void copiesAndOvertakenProposalsAreLeftOutWithoutAGap() {
        assertThat(apply(ONE, 1)).isEqualTo(1);
        assertThat(apply(ONE, 1)).isZero();
        assertThat(apply(OTHER, 1)).isEqualTo(2);
        assertThat(apply(ONE, 3)).isEqualTo(3);
        assertThat(apply(ONE, 2)).isZero();
        assertThat(apply(ONE, 4)).isEqualTo(4);
        assertThat(progress.count()).isEqualTo(4);
    }

    @Test
    void snapshotOfThePastHasTheSessionsOfThatTime() {
        apply(ONE, 1);
        apply(ONE, 2);
        apply(ONE, 1);
        apply(ONE, 3);
        Progress.Placed placed =
                progress.place(new ControlSnapshot(2, new byte[] {9})).orElseThrow();
        assertThat(placed.place().getIndex()).isEqualTo(2);
        Progress behind = new Progress();
        behind.reset(StoredSnapshot.decode("x", placed.stored().encode()));
        assertThat(behind.count()).isEqualTo(2);
        assertThat(behind.newest(ONE)).isEqualTo(2);
        assertThat(behind.apply(TermIndex.valueOf(1, 3), proposal(ONE, 1))).isZero();
        assertThat(behind.apply(TermIndex.valueOf(1, 4), proposal(ONE, 3))).isEqualTo(3);
        assertThat(progress.place(new ControlSnapshot(1, new byte[0]))).isEmpty();
    }

    @Test
    void membersThatStartFromDifferentSnapshotsLeaveOutTheSame() {
        Random random = new Random(42);
        Progress other = new Progress();
        for (int i = 0; i < 5000; i++) {
            UUID session = new UUID(0, random.nextInt(100));
            long sequence = random.nextInt(60);
            TermIndex at = TermIndex.valueOf(1, ++place);
            long index = progress.apply(at, proposal(session, sequence));
            assertThat(other.apply(at, proposal(session, sequence))).isEqualTo(index);
            if (random.nextInt(20) == 0 && progress.count() > 0) {
                long back = Math.max(1, progress.count() - random.nextInt(3));
                var placed = progress.place(new ControlSnapshot(back, new byte[random.nextInt(9)]));
                if (placed.isPresent() && back == progress.count()) {
                    other.reset(StoredSnapshot.decode("x", placed.get().stored().encode()));
                }
            }
        }
    }

    @Test
    void malformedProposalsAndSnapshotsAreRefused() {
        for (int size : new int[] {0, 1, Proposal.HEADER_BYTES, Proposal.HEADER_BYTES + (1 << 20) + 1}) {
            refuses(ErrorCode.CORRUPT_DATA, () -> Proposal.decode(ByteBuffer.allocate(size)));
        }
        apply(ONE, 1);
        byte[] good = progress.place(new ControlSnapshot(1, new byte[20]))
                .orElseThrow()
                .stored()
                .encode();
        for (int i = 0; i < good.length; i++) {
            byte[] damaged = good.clone();
            damaged[i] ^= 4;
            assertThatThrownBy(() -> StoredSnapshot.decode("x", damaged)).isInstanceOf(TidalException.class);
            byte[] shorter = java.util.Arrays.copyOf(good, i);
            refuses(ErrorCode.CORRUPT_LOG, () -> StoredSnapshot.decode("x", shorter));
        }
        byte[] newer = good.clone();
        newer[5] = 2;
        refuses(ErrorCode.FORMAT_TOO_NEW, () -> StoredSnapshot.decode("x", newer));
    }

    private long apply(UUID session, long sequence) {
        return progress.apply(TermIndex.valueOf(1, ++place), proposal(session, sequence));
    }

    private static Proposal proposal(UUID session, long sequence) {
        return Proposal.decode(ByteBuffer.wrap(new Proposal(session, sequence, new byte[] {1}).encode()));
    }

    private static void refuses(ErrorCode code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TidalException.class,
                        thrown -> assertThat(thrown.code()).isEqualTo(code));
    }
}
