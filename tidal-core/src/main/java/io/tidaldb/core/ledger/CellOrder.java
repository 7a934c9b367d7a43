package io.tidaldb.core.ledger;

/**
 * The cells of a table in the order of their entities, unsigned: sorted in place by bytes from the top (McIlroy, Bostic, McIlroy:
 * Engineering Radix Sort, 1993), 12 bytes a cell and no object each.
 */
final class CellOrder {

    private static final int DIGITS = 256;
    private static final int TOP_SHIFT = Long.SIZE - 8;
    private static final int INSERTION_SIZE = 32;

    private final long[] entities;
    private final int[] cells;

    private CellOrder(long[] entities, int[] cells) {
        this.entities = entities;
        this.cells = cells;
    }

    /** Returns the numbers of a table's cells. */
    static int[] of(CellTable table) {
        CellOrder order = new CellOrder(new long[table.size()], new int[table.size()]);
        for (int cell = 0; cell < table.size(); cell++) {
            order.entities[cell] = table.entity(cell);
            order.cells[cell] = cell;
        }
        order.sort(0, table.size(), TOP_SHIFT);
        return order.cells;
    }

    /** Returns the numbers of a table's cells whose entities lie in a bucket of {@link StateDigest}. */
    static int[] of(CellTable table, int bucket) {
        int size = 0;
        for (int cell = 0; cell < table.size(); cell++) {
            size += StateDigest.bucket(table.entity(cell)) == bucket ? 1 : 0;
        }
        CellOrder order = new CellOrder(new long[size], new int[size]);
        for (int cell = 0, at = 0; at < size; cell++) {
            long entity = table.entity(cell);
            if (StateDigest.bucket(entity) == bucket) {
                order.entities[at] = entity;
                order.cells[at++] = cell;
            }
        }
        order.sort(0, size, TOP_SHIFT);
        return order.cells;
    }

    // Entities differ, so a run of more than one has a digit left to sort by.
    private void sort(int from, int to, int shift) {
        if (to - from <= INSERTION_SIZE) {
            insert(from, to);
            return;
        }
        int[] ends = new int[DIGITS];
        for (int i = from; i < to; i++) {
            ends[digit(i, shift)]++;
        }
        int[] next = new int[DIGITS];
        int end = from;
        for (int digit = 0; digit < DIGITS; digit++) {
            next[digit] = end;
            end += ends[digit];
            ends[digit] = end;
        }
        for (int digit = 0; digit < DIGITS; digit++) {
            while (next[digit] < ends[digit]) {
                int own = digit(next[digit], shift);
                if (own == digit) {
                    next[digit]++;
                } else {
                    swap(next[digit], next[own]++);
                }
            }
        }
        int start = from;
        for (int digit = 0; digit < DIGITS; digit++) {
            sort(start, ends[digit], shift - 8);
            start = ends[digit];
        }
    }

    private int digit(int at, int shift) {
        return (int) (entities[at] >>> shift) & 0xff;
    }

    private void insert(int from, int to) {
        for (int i = from + 1; i < to; i++) {
            for (int at = i; at > from && Long.compareUnsigned(entities[at - 1], entities[at]) > 0; at--) {
                swap(at - 1, at);
            }
        }
    }

    private void swap(int a, int b) {
        long entity = entities[a];
        entities[a] = entities[b];
        entities[b] = entity;
        int cell = cells[a];
        cells[a] = cells[b];
        cells[b] = cell;
    }
}
