package io.tidaldb.core.usage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.function.LongFunction;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Distinct entities")
class EntityCountTest {

    private static long counted(EntityCount count, long signals, LongFunction<Long> entity) {
        do {
            for (long i = 0; i < signals; i++) {
                count.add(entity.apply(i));
            }
        } while (count.next());
        return count.count();
    }

    @Test
    @DisplayName("are counted once each, whatever their numbers, in one pass or several")
    void counted() {
        for (long perPass : new long[] {50_000, 1_000, 100}) {
            assertThat(counted(new EntityCount(0, perPass), 0, i -> i)).isZero();
            assertThat(counted(new EntityCount(10_000, perPass), 30_000, i -> i % 10_000))
                    .isEqualTo(10_000);
            assertThat(counted(new EntityCount(10_000, perPass), 30_000, i -> i % 10_000 << 40))
                    .isEqualTo(10_000);
            assertThat(counted(new EntityCount(2, perPass), 1_000, i -> i % 2 == 0 ? 0L : -1L))
                    .isEqualTo(2);
            Random random = new Random(7);
            Set<Long> all = new HashSet<>();
            long[] drawn = random.longs(20_000, -6_000, 6_000).toArray();
            for (long each : drawn) {
                all.add(each);
            }
            assertThat(counted(new EntityCount(all.size(), perPass), drawn.length, i -> drawn[(int) i]))
                    .isEqualTo(all.size());
        }
    }

    @Test
    @DisplayName(
            "beyond what there should be are not counted to the end, and never taken for as many as there should be")
    void more() {
        assertThat(counted(new EntityCount(10), 1_000_000, i -> i)).isBetween(11L, 2_000L);
    }
}
