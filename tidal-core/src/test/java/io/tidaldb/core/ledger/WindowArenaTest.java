package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class WindowArenaTest {

    @Test
    void blocksNeverOverlapHoweverTheyComeAndGo() {
        for (long seed = 1; seed <= 50; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            WindowArena arena = new WindowArena();
            List<Block> used = new ArrayList<>();
            for (int i = 0; i < 3_000; i++) {
                if (used.isEmpty() || random.nextInt(5) > (i < 2_000 ? 1 : 3)) {
                    int order = random.nextInt(WindowArena.MIN_ORDER, WindowArena.MAX_ORDER + 1);
                    Block block = new Block(arena.allocate(order), order, i);
                    assertThat(block.name).isPositive();
                    block.fill(arena);
                    used.add(block);
                } else {
                    Block block = used.remove(random.nextInt(used.size()));
                    assertThat(block.isIntact(arena))
                            .as("seed %s, step %s", seed, i)
                            .isTrue();
                    arena.release(block.name, block.order);
                }
            }
            assertThat(used).as("seed %s", seed).allMatch(block -> block.isIntact(arena));
        }
    }

    @Test
    void smallBlocksThatWentMakeRoomForLargeOnes() {
        WindowArena arena = new WindowArena();
        long retained = 0;
        for (int order = WindowArena.MIN_ORDER; order <= WindowArena.MAX_ORDER; order++) {
            int blocks = 1 << 16 - order;
            List<Block> used = new ArrayList<>();
            for (int i = 0; i < blocks; i++) {
                used.add(new Block(arena.allocate(order), order, i));
                used.get(i).fill(arena);
            }
            retained = order == WindowArena.MIN_ORDER ? arena.retainedBytes() : retained;
            used.forEach(block -> arena.release(block.name, block.order));
        }
        assertThat(arena.retainedBytes()).isLessThan(retained * 5 / 4);
    }

    private record Block(int name, int order, long stamp) {

        void fill(WindowArena arena) {
            for (int i = 0; i < 1 << order; i++) {
                arena.page(name)[WindowArena.index(name) + i] = stamp;
            }
        }

        boolean isIntact(WindowArena arena) {
            for (int i = 0; i < 1 << order; i++) {
                if (arena.page(name)[WindowArena.index(name) + i] != stamp) {
                    return false;
                }
            }
            return true;
        }
    }
}
