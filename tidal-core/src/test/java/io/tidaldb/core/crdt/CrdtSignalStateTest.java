package io.tidaldb.core.crdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ledger.CellView;
import io.tidaldb.core.ledger.DecayTable;
import io.tidaldb.core.ledger.LedgerSum;
import io.tidaldb.core.ledger.SignalLedger;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-41: signals that several origins have written")
class CrdtSignalStateTest {

    private static final int REPLICAS = 5;
    private static final long DAY = 86_400_000_000_000L;
    private static final DecayTable DECAYS = signal -> DAY;
    private static final long SEED = 17;

    /** An event, or the taking back of an earlier one of the same log. */
    private record Entry(long entity, int signal, float weight, long nanos, boolean taken) {}

    /** A replica: how far it has folded each log, and into what. */
    private static final class Replica {

        final List<SignalLedger> ledgers = new ArrayList<>();
        final List<SignalLedger> voids = new ArrayList<>();
        final int[] folded = new int[REPLICAS];

        Replica() {
            for (int i = 0; i < REPLICAS; i++) {
                ledgers.add(new SignalLedger(DECAYS));
                voids.add(new SignalLedger(DECAYS));
            }
        }

        void fold(List<List<Entry>> logs, int origin, int end) {
            for (; folded[origin] < end; folded[origin]++) {
                Entry entry = logs.get(origin).get(folded[origin]);
                (entry.taken ? voids : ledgers)
                        .get(origin)
                        .apply(entry.entity, entry.signal, entry.weight, entry.nanos);
            }
        }

        CrdtSignalState state() {
            CrdtSignalState state = CrdtSignalState.EMPTY;
            for (int i = 0; i < REPLICAS; i++) {
                SignalLedger taken = voids.get(i).total(0) + voids.get(i).total(1) == 0 ? null : voids.get(i);
                state = state.with(origin(i), new CrdtSignalState.Part(folded[i], ledgers.get(i), taken));
            }
            return state;
        }
    }

    private static Origin origin(int replica) {
        return new Origin(RegionId.of(replica), ShardId.of(0), 0);
    }

    private static Entry event(SplittableRandom random, @Nullable Entry before) {
        return before != null && !before.taken && random.nextInt(20) == 0
                ? new Entry(before.entity, before.signal, before.weight, before.nanos, true)
                : new Entry(
                        random.nextLong(40),
                        random.nextInt(2),
                        (float) random.nextDouble(-1, 5),
                        20_000 * DAY + random.nextLong(DAY),
                        false);
    }

    @Test
    @DisplayName(
            "R-41/R-42: 100,000 random operations over 5 replicas: merging is commutative, associative and idempotent, and bit-identical to folding"
                    + " every log by itself")
    void merges() {
        SplittableRandom random = new SplittableRandom(42);
        List<List<Entry>> logs = new ArrayList<>();
        List<Replica> replicas = new ArrayList<>();
        for (int i = 0; i < REPLICAS; i++) {
            logs.add(new ArrayList<>());
            replicas.add(new Replica());
        }
        for (int step = 0; step < 100_000; step++) {
            int one = random.nextInt(REPLICAS);
            int other = random.nextInt(REPLICAS);
            int kind = random.nextInt(1_000);
            List<Entry> log = logs.get(one);
            if (kind < 900) {
                log.add(event(random, log.isEmpty() ? null : log.get(log.size() - 1)));
                replicas.get(one).fold(logs, one, log.size());
            } else if (kind < 990) {
                // Some of what the other one holds of any log arrives.
                int of = random.nextInt(REPLICAS);
                int from = replicas.get(one).folded[of];
                int to = replicas.get(other).folded[of];
                if (to > from) {
                    replicas.get(one).fold(logs, of, from + 1 + random.nextInt(to - from));
                }
            } else {
                CrdtSignalState a = replicas.get(one).state();
                CrdtSignalState b = replicas.get(other).state();
                CrdtSignalState c = replicas.get(random.nextInt(REPLICAS)).state();
                assertSame(a.merge(b), b.merge(a), step);
                assertSame(a.merge(b).merge(c), a.merge(b.merge(c)), step);
                assertSame(a.merge(b).merge(b).merge(a), a.merge(b), step);
            }
        }
        CrdtSignalState merged =
                replicas.stream().map(Replica::state).reduce(CrdtSignalState.EMPTY, CrdtSignalState::merge);
        Replica sequential = new Replica();
        for (int i = 0; i < REPLICAS; i++) {
            sequential.fold(logs, i, logs.get(i).size());
        }
        assertSame(merged, sequential.state(), 100_000);
        assertReadsAlike(merged.sum(null), sequential.state().sum(null));
    }

    private static void assertSame(CrdtSignalState one, CrdtSignalState other, int step) {
        assertThat(one.digest(SEED)).as("step %d", step).isEqualTo(other.digest(SEED));
    }

    private static void assertReadsAlike(LedgerSum one, LedgerSum other) {
        CellView left = new CellView();
        CellView right = new CellView();
        for (long entity = 0; entity < 40; entity++) {
            for (int signal = 0; signal < 2; signal++) {
                one.read(entity, signal, 20_001 * DAY, left);
                other.read(entity, signal, 20_001 * DAY, right);
                assertThat(Double.doubleToRawLongBits(left.score()))
                        .isEqualTo(Double.doubleToRawLongBits(right.score()));
                assertThat(left.count()).isEqualTo(right.count());
            }
        }
    }

    @Test
    @DisplayName("R-42: a pair all of whose events were taken back reads exactly as one that never had any")
    void nothingIsLeft() {
        SignalLedger written = new SignalLedger(DECAYS);
        SignalLedger taken = new SignalLedger(DECAYS);
        for (int i = 0; i < 3; i++) {
            written.apply(7, 0, 0.1f * (i + 1), 20_000 * DAY + i);
        }
        for (int i = 2; i >= 0; i--) {
            taken.apply(7, 0, 0.1f * (i + 1), 20_000 * DAY + i);
        }
        written.apply(8, 0, 1, 20_000 * DAY);
        CrdtSignalState state = CrdtSignalState.EMPTY
                .with(origin(0), new CrdtSignalState.Part(4, written, null))
                .with(origin(1), new CrdtSignalState.Part(1, new SignalLedger(DECAYS), taken));
        LedgerSum sum = state.sum(null);
        CellView view = new CellView();
        assertThat(sum.read(7, 0, 20_000 * DAY + 5, view)).isFalse();
        assertThat(view.score()).isZero();
        assertThat(view.count()).isZero();
        assertThat(view.lastHour()).isZero();
        assertThat(view.asOfNanos()).isEqualTo(20_000 * DAY + 5);
        assertThat(sum.containsEntity(7)).isFalse();
        assertThat(sum.entities(0)).isEqualTo(1);
        assertThat(sum.distinctEntities()).isEqualTo(1);
        assertThat(sum.total(0)).isEqualTo(1);
        assertThat(sum.top(0, 20_000 * DAY, 10).size()).isEqualTo(1);
    }

    @Test
    void refusesPositionsOfOtherOrigins() {
        CrdtSignalState.Part part = new CrdtSignalState.Part(5, new SignalLedger(DECAYS), null);
        assertThatThrownBy(() -> CrdtSignalState.EMPTY.with(new Origin(RegionId.of(0), ShardId.of(0), 1), part))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("seqno 5 is not one of r0:s0@1");
    }
}
