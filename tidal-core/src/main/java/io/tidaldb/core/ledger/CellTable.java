package io.tidaldb.core.ledger;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The cells of one signal type by entity. A hash index of ints, open addressing with linear probing, points into dense pages of cells; cells
 * are numbered in the order of their first events, and never move or go but when a repair removes some. So a scan can pause at a number
 * while the table grows.
 *
 * <pre>
 *   index slot (4 bytes)    0 free, else cell + 1 in the low log2(capacity) bits and as many bits of the hash as remain above:
 *                           a probe that meets another entity almost never touches its cell
 *   cell (4 longs)          entity | score, f64 bits | last event, ns | windows (high 32 bits), low 32 bits of the count
 * </pre>
 *
 * At most 3 of 4 slots are taken: 32 + 5.3 … 10.7 bytes a pair, and windows. Guarded by the ledger's lock.
 *
 * <p>A frozen copy shares the pages, and whoever writes replaces a page before its first change to it; so freezing costs a pointer a page,
 * and a page is copied only if it is written while the copy is in use.
 */
final class CellTable {

    private static final int CELL_BITS = 2;
    private static final int ENTITY = 0;
    private static final int SCORE = 1;
    private static final int LAST = 2;
    private static final int WINDOWS_AND_COUNT = 3;

    private static final int PAGE_BITS = 12;
    private static final int PAGE_CELLS = 1 << PAGE_BITS;
    private static final int FIRST_PAGE_CELLS = 8;
    private static final int MIN_CAPACITY = 16;
    private static final int MAX_CAPACITY = 1 << 30;

    private static final long LOW_32 = 0xffff_ffffL;

    private int[] index;
    private long[][] pages;

    /** The pages that a frozen copy reads, by number; null while there is none. */
    private long @Nullable [][] frozenPages;

    /** The counts' high 32 bits, by page: null until some pair has 2^32 events. */
    private int[] @Nullable [] highCounts;

    private final WindowedCounts windowedCounts;
    private final Scratch scratch;
    private int size;
    private long total;

    /** Creates an empty table with a scratch state that tables may share, as they share the lock. */
    CellTable(Scratch scratch) {
        this.scratch = scratch;
        index = new int[MIN_CAPACITY];
        pages = new long[][] {new long[FIRST_PAGE_CELLS << CELL_BITS]};
        highCounts = new int[0][];
        windowedCounts = new WindowedCounts(scratch);
    }

    // Pairs of 2^32 events are so few that their pages of counts are copied.
    private CellTable(CellTable from) {
        scratch = from.scratch;
        index = new int[0];
        pages = from.pages;
        highCounts = from.highCounts.clone();
        Arrays.setAll(highCounts, page -> highCounts[page] == null ? null : highCounts[page].clone());
        windowedCounts = from.windowedCounts.freeze();
        size = from.size;
        total = from.total;
    }

    /**
     * Returns the cells as they are now, to be read by any thread without a lock until {@link #thaw}: by number only, since the copy has no
     * index. There is one at a time.
     */
    CellTable freeze() {
        CellTable frozen = new CellTable(this);
        frozenPages = pages;
        pages = pages.clone();
        return frozen;
    }

    /** Ends the use of the frozen copy. */
    void thaw() {
        frozenPages = null;
        windowedCounts.thaw();
    }

    /** Returns how many pages of cells are the very same in another table. */
    int pagesSharedWith(CellTable other) {
        int shared = 0;
        for (int page = 0; page < Math.min(pages.length, other.pages.length); page++) {
            shared += pages[page] == other.pages[page] ? 1 : 0;
        }
        return shared;
    }

    private long[] pageForWrite(int cell) {
        int page = cell >>> PAGE_BITS;
        long[][] frozen = frozenPages;
        if (frozen != null && page < frozen.length && pages[page] == frozen[page]) {
            pages[page] = pages[page].clone();
        }
        return pages[page];
    }

    int size() {
        return size;
    }

    /** Returns all events ever of all pairs. */
    long total() {
        return total;
    }

    /** Returns an entity's cell, or −1. */
    int find(long entity) {
        int[] slots = index;
        int mask = slots.length - 1;
        long hash = hash(entity);
        int tag = (int) (hash >>> 32) & ~mask;
        int slot = (int) hash & mask;
        // The bound only matters to a reader without the lock who sees another index's slots.
        for (int probes = 0; probes <= mask; probes++) {
            int taken = slots[slot];
            if (taken == 0) {
                return -1;
            }
            if ((taken & ~mask) == tag) {
                int cell = (taken & mask) - 1;
                if (word(cell, ENTITY) == entity) {
                    return cell;
                }
            }
            slot = slot + 1 & mask;
        }
        return -1;
    }

    /** Reads the slot with which a look for an entity begins, and returns what lies there. */
    int touchSlot(long hash) {
        return index[(int) hash & index.length - 1];
    }

    /** Returns what {@link #find} most probably would, by tags alone: cells are not in the cache yet. */
    int likelyCell(long hash) {
        int[] slots = index;
        int mask = slots.length - 1;
        int tag = (int) (hash >>> 32) & ~mask;
        int slot = (int) hash & mask;
        while (slots[slot] != 0 && (slots[slot] & ~mask) != tag) {
            slot = slot + 1 & mask;
        }
        return (slots[slot] & mask) - 1;
    }

    /** Reads both ends of a cell, which may lie in two cache lines, and returns some of it. */
    long touchCell(int cell) {
        return word(cell, ENTITY) ^ word(cell, WINDOWS_AND_COUNT);
    }

    /** Returns whether any cell's windows lie elsewhere. */
    boolean hasBlocks() {
        return windowedCounts.hasBlocks();
    }

    /** Reads the beginning of a cell's windows and returns some of it. */
    long touchWindows(int cell) {
        return windowedCounts.touch((int) (word(cell, WINDOWS_AND_COUNT) >>> 32));
    }

    /** Folds an event into a cell: decays the older of the two sums to the later of the two times. */
    void record(int cell, float weight, long eventNanos, double halfLifeNanos) {
        long[] page = pageForWrite(cell);
        int at = offset(cell);
        long lastNanos = page[at + LAST];
        double score = Double.longBitsToDouble(page[at + SCORE]);
        if (eventNanos > lastNanos) {
            score = score * DecayModel.factor(eventNanos - lastNanos, halfLifeNanos) + weight;
            page[at + LAST] = eventNanos;
        } else {
            score += weight * DecayModel.factor(lastNanos - eventNanos, halfLifeNanos);
        }
        page[at + SCORE] = Double.doubleToRawLongBits(score);
        long packed = page[at + WINDOWS_AND_COUNT];
        int windows = windowedCounts.record((int) (packed >>> 32), lastNanos, eventNanos);
        total++;
        long count = (packed & LOW_32) + 1;
        page[at + WINDOWS_AND_COUNT] = (long) windows << 32 | count & LOW_32;
        if (count > LOW_32) {
            setHighCount(cell, highCount(cell) + 1);
        }
    }

    /** Adds a cell of one event for an entity that has none. */
    void add(long entity, float weight, long eventNanos) {
        // Adding to 0 makes a −0 a 0, as any later sum would.
        append(entity, 0.0 + weight, eventNanos, 1, -1);
    }

    /** Adds a pair's whole state for an entity that has none. */
    void add(CellState state) {
        append(state.entity, state.score, state.lastNanos, state.count, windowedCounts.store(0, state));
    }

    /** Adds a pair's whole state, which is not the scratch, to a cell. */
    void merge(int cell, CellState state, double halfLifeNanos) {
        CellState sum = scratch.state();
        load(cell, sum);
        long lastNanos = Math.max(sum.lastNanos, state.lastNanos);
        double score = DecayModel.sum(sum.score, sum.lastNanos, state.score, state.lastNanos, halfLifeNanos);
        sum.advance(lastNanos);
        sum.addWindows(state);
        long[] page = pageForWrite(cell);
        int at = offset(cell);
        page[at + SCORE] = Double.doubleToRawLongBits(score);
        page[at + LAST] = lastNanos;
        int windows = windowedCounts.store((int) (page[at + WINDOWS_AND_COUNT] >>> 32), sum);
        long count = sum.count + state.count;
        page[at + WINDOWS_AND_COUNT] = (long) windows << 32 | count & LOW_32;
        setHighCount(cell, (int) (count >>> 32));
        total += state.count;
    }

    /** Removes a cell; the last one takes its number. */
    void remove(int cell) {
        windowedCounts.release((int) (word(cell, WINDOWS_AND_COUNT) >>> 32));
        total -= count(cell);
        removeFromIndex(indexSlot(word(cell, ENTITY)));
        int last = size - 1;
        if (cell != last) {
            int slot = indexSlot(word(last, ENTITY));
            System.arraycopy(pages[last >>> PAGE_BITS], offset(last), pageForWrite(cell), offset(cell), 1 << CELL_BITS);
            setHighCount(cell, highCount(last));
            index[slot] = index[slot] & -index.length | cell + 1;
        }
        setHighCount(last, 0);
        size = last;
    }

    /** Returns the slot of the index that holds an entity's cell, which there must be. */
    private int indexSlot(long entity) {
        int cell = find(entity);
        int mask = index.length - 1;
        int slot = (int) hash(entity) & mask;
        while ((index[slot] & mask) - 1 != cell) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    // Knuth's algorithm 6.4 R: what was probed past the slot moves up, so that no probe ends early.
    private void removeFromIndex(int slot) {
        int mask = index.length - 1;
        int hole = slot;
        for (int next = slot + 1 & mask; index[next] != 0; next = next + 1 & mask) {
            int home = (int) hash(word((index[next] & mask) - 1, ENTITY)) & mask;
            if ((next - home & mask) >= (next - hole & mask)) {
                index[hole] = index[next];
                hole = next;
            }
        }
        index[hole] = 0;
    }

    long entity(int cell) {
        return word(cell, ENTITY);
    }

    /** Visits scores, as {@link #score} has them, of the cells in a range, last cell first; but for those that are less than the visitor wants. */
    void visitScores(int from, int end, long atNanos, double halfLifeNanos, ScoreVisitor visitor) {
        double floor = floor(visitor);
        // The last one that turned out too low. Whatever is not more and not later is too low as well: decay never
        // changes an order but that of scores below 0, and there is a positive floor by then.
        double low = -1;
        long lowNanos = 0;
        for (int next = end; next > from; ) {
            long[] page = pages[next - 1 >>> PAGE_BITS];
            int first = Math.max(from, next - 1 & -PAGE_CELLS);
            for (int at = offset(next - 1); at >= offset(first); at -= 1 << CELL_BITS) {
                double stored = Double.longBitsToDouble(page[at + SCORE]);
                if (stored < floor || stored <= low && page[at + LAST] <= lowNanos) {
                    continue;
                }
                double score = score(page, at, atNanos, halfLifeNanos);
                if (score >= visitor.least()) {
                    visitor.visit(page[at + ENTITY], score);
                    floor = floor(visitor);
                } else if (stored >= 0) {
                    low = stored;
                    lowNanos = page[at + LAST];
                }
            }
            next = first;
        }
    }

    /** Time only takes away from a score, or brings one below 0 nearer to it: most need no decay to be passed over. */
    private static double floor(ScoreVisitor visitor) {
        return visitor.least() > 0 ? visitor.least() : Double.NEGATIVE_INFINITY;
    }

    /** Returns a cell's score as of its last event or a time, whichever is later. */
    double score(int cell, long atNanos, double halfLifeNanos) {
        return score(pages[cell >>> PAGE_BITS], offset(cell), atNanos, halfLifeNanos);
    }

    private static double score(long[] page, int at, long atNanos, double halfLifeNanos) {
        double score = Double.longBitsToDouble(page[at + SCORE]);
        long elapsedNanos = atNanos - page[at + LAST];
        return elapsedNanos > 0 ? score * DecayModel.factor(elapsedNanos, halfLifeNanos) : score;
    }

    /** Fills a view as of the cell's last event or a time, whichever is later. */
    void read(int cell, long atNanos, double halfLifeNanos, CellView out) {
        long lastNanos = word(cell, LAST);
        out.lastEventNanos = lastNanos;
        out.asOfNanos = Math.max(atNanos, lastNanos);
        out.scoreAtLast = Double.longBitsToDouble(word(cell, SCORE));
        out.score = score(cell, atNanos, halfLifeNanos);
        out.count = count(cell);
        windowedCounts.read((int) (word(cell, WINDOWS_AND_COUNT) >>> 32), lastNanos, out.asOfNanos, out);
    }

    /** Copies all that is stored for a cell. */
    void load(int cell, CellState into) {
        into.entity = word(cell, ENTITY);
        into.score = Double.longBitsToDouble(word(cell, SCORE));
        into.count = count(cell);
        windowedCounts.load((int) (word(cell, WINDOWS_AND_COUNT) >>> 32), word(cell, LAST), into);
    }

    long retainedBytes() {
        long bytes = 4L * index.length + 8L * pages.length + windowedCounts.retainedBytes();
        for (long[] page : pages) {
            bytes += 8L * page.length;
        }
        return bytes;
    }

    private long count(int cell) {
        return Integer.toUnsignedLong(highCount(cell)) << 32 | word(cell, WINDOWS_AND_COUNT) & LOW_32;
    }

    private int highCount(int cell) {
        int page = cell >>> PAGE_BITS;
        int[] high = page < highCounts.length ? highCounts[page] : null;
        return high == null ? 0 : high[cell & (PAGE_CELLS - 1)];
    }

    private void setHighCount(int cell, int value) {
        int page = cell >>> PAGE_BITS;
        if (value == 0 && (page >= highCounts.length || highCounts[page] == null)) {
            return;
        }
        if (page >= highCounts.length) {
            highCounts = Arrays.copyOf(highCounts, page + 1);
        }
        int[] high = highCounts[page];
        if (high == null) {
            high = new int[PAGE_CELLS];
            highCounts[page] = high;
        }
        high[cell & (PAGE_CELLS - 1)] = value;
    }

    private void append(long entity, double score, long lastNanos, long count, int windows) {
        if (size == index.length / 4 * 3) {
            growIndex();
        }
        int cell = size;
        ensurePage(cell);
        long[] page = pageForWrite(cell);
        int at = offset(cell);
        page[at + ENTITY] = entity;
        page[at + SCORE] = Double.doubleToRawLongBits(score);
        page[at + LAST] = lastNanos;
        page[at + WINDOWS_AND_COUNT] = (long) windows << 32 | count & LOW_32;
        setHighCount(cell, (int) (count >>> 32));
        total += count;
        size++;
        insert(index, entity, cell);
    }

    /** Only the first page grows; it starts small, since most tenants are. */
    private void ensurePage(int cell) {
        int page = cell >>> PAGE_BITS;
        if (page == pages.length) {
            long[][] grown = Arrays.copyOf(pages, page + 1);
            grown[page] = new long[PAGE_CELLS << CELL_BITS];
            pages = grown;
        } else if (offset(cell) == pages[page].length) {
            pages[page] = Arrays.copyOf(pages[page], 2 * pages[page].length);
        }
    }

    private void growIndex() {
        if (index.length == MAX_CAPACITY) {
            throw new OutOfMemoryError(
                    "A signal type has " + size + " entities in one shard; spread the tenant over more shards.");
        }
        int[] grown = new int[2 * index.length];
        for (int cell = 0; cell < size; cell++) {
            insert(grown, word(cell, ENTITY), cell);
        }
        index = grown;
    }

    private static void insert(int[] slots, long entity, int cell) {
        int mask = slots.length - 1;
        long hash = hash(entity);
        int slot = (int) hash & mask;
        while (slots[slot] != 0) {
            slot = slot + 1 & mask;
        }
        slots[slot] = (int) (hash >>> 32) & ~mask | cell + 1;
    }

    private long word(int cell, int word) {
        return pages[cell >>> PAGE_BITS][offset(cell) + word];
    }

    private static int offset(int cell) {
        return (cell & (PAGE_CELLS - 1)) << CELL_BITS;
    }

    /** Spreads ids that often count up from 1. Not part of any format: the slot uses the low half, the tag the high half. */
    static long hash(long entity) {
        long h = entity * 0x9E3779B97F4A7C15L;
        h = (h ^ h >>> 32) * 0xD6E8FEB86659FD93L;
        return h ^ h >>> 29;
    }
}
