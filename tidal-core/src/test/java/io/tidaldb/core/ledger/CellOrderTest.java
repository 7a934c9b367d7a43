package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class CellOrderTest {

    @Test
    void ordersCellsByEntityUnsignedWhateverTheIdsLookLike() {
        for (long seed = 1; seed <= 60; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int kept = random.nextInt(1, 65);
            int size = random.nextInt(seed % 2 == 0 ? 40 : 6_000);
            CellTable table = new CellTable(new Scratch());
            TreeSet<Long> entities = new TreeSet<>(Long::compareUnsigned);
            for (int i = 0; i < size; i++) {
                long entity = random.nextLong() >>> 64 - kept | (random.nextBoolean() ? 0 : Long.MIN_VALUE);
                if (entities.add(entity)) {
                    table.add(entity, 1, Event.START);
                }
            }
            assertThat(Arrays.stream(CellOrder.of(table)).mapToLong(table::entity))
                    .as("seed %s", seed)
                    .containsExactlyElementsOf(entities);
        }
    }
}
