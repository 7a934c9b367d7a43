package io.tidaldb.core.ingest;

import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The names of a slot's entities. A name never changes, and goes only to another table, so the order in which they came, 8 bytes a name, says what there
 * was at any earlier moment.
 *
 * <p>Written by the commit loop alone, read by any thread.
 */
final class NameTable {

    private final Map<Long, String> names = new ConcurrentHashMap<>();
    private long[] order = {};
    private int size;

    @Nullable
    String get(long entity) {
        return names.get(entity);
    }

    /** Names an entity; its first name stays. */
    void put(long entity, String name) {
        if (names.putIfAbsent(entity, name) != null) {
            return;
        }
        if (size == order.length) {
            order = Arrays.copyOf(order, Math.max(8, size + (size >> 1)));
        }
        order[size++] = entity;
    }

    /** Returns the names without that of one entity; this very table if it has none. */
    NameTable without(long entity) {
        if (!names.containsKey(entity)) {
            return this;
        }
        NameTable others = new NameTable();
        for (int i = 0; i < size; i++) {
            String name = names.get(order[i]);
            if (order[i] != entity && name != null) {
                others.put(order[i], name);
            }
        }
        return others;
    }

    /** Returns the names as they are now, at no cost; any thread may write them. */
    Frozen freeze() {
        return new Frozen(names, order, size);
    }

    /** The names at one moment. Later ones come after {@code size} or in another array. */
    static final class Frozen {

        private final Map<Long, String> names;
        private final long[] order;
        private final int size;

        private Frozen(Map<Long, String> names, long[] order, int size) {
            this.names = names;
            this.order = order;
            this.size = size;
        }

        void writeTo(DataOutput out) throws IOException {
            out.writeInt(size);
            for (int i = 0; i < size; i++) {
                out.writeLong(order[i]);
                out.writeUTF(Objects.requireNonNull(names.get(order[i]), "a name never goes"));
            }
        }
    }
}
