package io.tidaldb.core.crdt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.runtime.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-41: the register of which the last write wins")
class LwwRegisterTest {

    private static final int REPLICAS = 5;
    private static final long TEN_MINUTES = 600_000;

    /** A replica whose clock is off by as much as ten minutes, jumps, and is begun anew with what its log says. */
    private static final class Replica implements Clock {

        final Origin origin;
        long wallMillis;
        Hlc hlc = new Hlc(this);
        long seqno;

        @Nullable
        LwwRegister<Integer> register;

        Replica(int number, long wallMillis) {
            this.origin = new Origin(RegionId.of(number), ShardId.of(0), number);
            this.wallMillis = wallMillis;
            this.seqno = origin.startSeqno();
        }

        @Override
        public long wallNanos() {
            return wallMillis * 1_000_000;
        }

        @Override
        public long monotonicNanos() {
            throw new AssertionError("stamps come from the wall clock");
        }

        void take(LwwRegister<Integer> other) {
            hlc.observe(other.hlc());
            register = register == null ? other : register.merge(other);
        }
    }

    @Test
    @DisplayName(
            "R-40/R-41/F-51: 100,000 random writes and merges over 5 replicas with clocks that are off, jump and restart: the last write wins everywhere,"
                    + " and a write that has seen another one wins over it")
    void merges() {
        for (long seed = 1; seed <= 10; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Replica> replicas = new ArrayList<>();
            for (int i = 0; i < REPLICAS; i++) {
                replicas.add(new Replica(i, 1_700_000_000_000L + random.nextLong(-TEN_MINUTES, TEN_MINUTES)));
            }
            List<LwwRegister<Integer>> written = new ArrayList<>();
            for (int step = 0; step < 10_000; step++) {
                Replica one = replicas.get(random.nextInt(REPLICAS));
                Replica other = replicas.get(random.nextInt(REPLICAS));
                one.wallMillis += random.nextInt(100) == 0 ? random.nextLong(-TEN_MINUTES, TEN_MINUTES) : 1;
                LwwRegister<Integer> seen = one.register;
                switch (random.nextInt(4)) {
                    case 0 -> {
                        LwwRegister<Integer> write = new LwwRegister<>(step, one.hlc.next(), one.origin, ++one.seqno);
                        assertThat(seen == null || write.isAfter(seen))
                                .as("seed %d, step %d", seed, step)
                                .isTrue();
                        written.add(write);
                        one.take(write);
                    }
                    case 1 -> {
                        one.hlc = new Hlc(one);
                        if (seen != null) {
                            one.hlc.observe(seen.hlc());
                        }
                    }
                    default -> {
                        LwwRegister<Integer> theirs = other.register;
                        if (seen != null && theirs != null) {
                            assertThat(seen.merge(theirs)).isEqualTo(theirs.merge(seen));
                            assertThat(seen.merge(seen)).isEqualTo(seen);
                            LwwRegister<Integer> third = written.get(random.nextInt(written.size()));
                            assertThat(seen.merge(theirs).merge(third)).isEqualTo(seen.merge(theirs.merge(third)));
                        }
                        if (theirs != null) {
                            one.take(theirs);
                        }
                    }
                }
            }
            LwwRegister<Integer> last = written.stream()
                    .max(Comparator.<LwwRegister<Integer>>comparingLong(LwwRegister::hlc)
                            .thenComparing(LwwRegister::origin)
                            .thenComparing(LwwRegister::seqno, Long::compareUnsigned))
                    .orElseThrow();
            for (Replica one : replicas) {
                written.forEach(one::take);
                assertThat(one.register).as("seed %d", seed).isEqualTo(last);
            }
        }
    }

    @Test
    void tiesGoByOriginThenBySeqno() {
        Origin low = new Origin(RegionId.of(0), ShardId.of(7), 0);
        Origin high = new Origin(RegionId.of(1), ShardId.of(0), 0);
        LwwRegister<String> first = new LwwRegister<>("first", 5, low, 9);
        assertThat(first.merge(new LwwRegister<>("origin", 5, high, 1)).value()).isEqualTo("origin");
        assertThat(first.merge(new LwwRegister<>("seqno", 5, low, 10)).value()).isEqualTo("seqno");
        assertThat(first.merge(new LwwRegister<>("earlier", 4, high, 99)).value())
                .isEqualTo("first");
    }

    @Test
    void refusesWhatNoRecordCanBe() {
        Origin origin = new Origin(RegionId.of(0), ShardId.of(0), 0);
        assertThatThrownBy(() -> new LwwRegister<>("x", 1, origin, Seqno.of(3, 1)))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("of r0:s0: expected a stamp that is not negative, and a seqno of that origin");
        assertThatThrownBy(() -> new LwwRegister<>("x", -1, origin, 1)).isInstanceOf(TidalException.class);
    }
}
