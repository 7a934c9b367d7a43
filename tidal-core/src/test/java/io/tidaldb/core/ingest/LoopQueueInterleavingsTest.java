package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.core.Interleavings;
import java.util.ArrayList;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.annotations.Operation;
import org.jetbrains.kotlinx.lincheck.annotations.Param;
import org.jetbrains.kotlinx.lincheck.paramgen.IntGen;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The loop's queue")
class LoopQueueInterleavingsTest {

    /** What threads do with it. */
    public static class Operations {

        private final LoopQueue queue = new LoopQueue();

        @Operation
        public void add(@Param(gen = IntGen.class) int value) {
            queue.add(new LoopTask<>(() -> value));
        }

        @Operation
        public boolean isEmpty() {
            return queue.isEmpty();
        }

        @Operation(nonParallelGroup = "consumer")
        public List<Object> takeAll() {
            return values(queue.takeAll());
        }
    }

    /** The same with a queue whose items are put on top without looking again. */
    public static class BrokenOperations {

        private volatile @Nullable LoopItem top;

        @Operation
        public void add(@Param(gen = IntGen.class) int value) {
            LoopTask<Integer> task = new LoopTask<>(() -> value);
            task.next = top;
            top = task;
        }

        @Operation(nonParallelGroup = "consumer")
        public List<Object> takeAll() {
            @Nullable LoopItem item = top;
            top = null;
            return values(item);
        }
    }

    private static List<Object> values(@Nullable LoopItem first) {
        List<Object> values = new ArrayList<>();
        for (LoopItem item = first; item != null; item = item.next) {
            LoopTask<?> task = (LoopTask<?>) item;
            task.run();
            values.add(task.result.join());
        }
        return values;
    }

    @Test
    @DisplayName("gives each item once, in an order in which they may have been added")
    void hasAnOrder() throws Exception {
        Interleavings.check(Operations.class, Operations.class);
    }

    @Test
    @DisplayName("control: one that loses an item when two are added at once is found out")
    void findsABrokenOne() throws Exception {
        assertThat(Interleavings.isFound(BrokenOperations.class)).isTrue();
    }
}
