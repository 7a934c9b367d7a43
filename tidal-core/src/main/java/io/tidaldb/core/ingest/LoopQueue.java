package io.tidaldb.core.ingest;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Many producers, one consumer that takes everything at once: a Treiber stack, reversed when taken. Since the consumer never pops a
 * single item, there is no ABA problem, and an item costs no allocation. Bounded by what each tenant may have waiting.
 */
final class LoopQueue {

    private final AtomicReference<@Nullable LoopItem> top = new AtomicReference<>();

    void add(LoopItem item) {
        LoopItem seen;
        do {
            seen = top.get();
            item.next = seen;
        } while (!top.compareAndSet(seen, item));
    }

    boolean isEmpty() {
        return top.get() == null;
    }

    /** Returns all items, linked in the order in which they were added; null if there are none. */
    @Nullable
    LoopItem takeAll() {
        LoopItem item = top.getAndSet(null);
        LoopItem ordered = null;
        while (item != null) {
            LoopItem next = item.next;
            item.next = ordered;
            ordered = item;
            item = next;
        }
        return ordered;
    }
}
