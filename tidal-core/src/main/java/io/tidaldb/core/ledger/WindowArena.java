package io.tidaldb.core.ledger;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Memory for the windows of many pairs: blocks of 4 to 256 longs, powers of two, cut from pages by the buddy system. Windows of most pairs
 * grow at the same time; lists of free blocks a size would keep every size they grew out of, buddies join again. A block has no object of
 * its own and never straddles pages. Its name is an int, its first long's position ÷ 4, never 0.
 *
 * <pre>
 *   long 0 of a free block    1 (bit 63) | order (bits 32–39) | next free block (bits 0–31)
 *   long 1                    previous free block, 0 for the first
 *   long 0 of a used block    the user's, bit 63 zero
 * </pre>
 *
 * Written under the ledger's write lock. Readers without a lock may see any mixture of old and new; they get a wrong answer or an index
 * out of bounds, never an endless loop, and find out when they validate.
 *
 * <p>A frozen copy shares the pages; whoever writes replaces a page before its first change to it.
 */
final class WindowArena {

    static final int MIN_ORDER = 2;
    static final int MAX_ORDER = 8;

    private static final int UNIT_BITS = 2;
    private static final int PAGE_BITS = 13;
    private static final int PAGE_LONGS = 1 << PAGE_BITS;
    private static final int CHUNK_LONGS = 1 << MAX_ORDER;
    private static final int MAX_CHUNKS = 1 << (Integer.SIZE - 1 + UNIT_BITS - MAX_ORDER);
    private static final long FREE = Long.MIN_VALUE;
    private static final long NEXT_MASK = 0xffff_ffffL;

    private long[][] pages = {};

    /** The pages that a frozen copy reads, by number; null while there is none. */
    private long @Nullable [][] frozenPages;

    private int chunks;
    private final int[] free = new int[MAX_ORDER + 1];

    /** Returns the order, the binary logarithm of the size, of the smallest block that holds so many longs, 2 to 256. */
    static int order(int longs) {
        return Math.max(MIN_ORDER, Integer.SIZE - Integer.numberOfLeadingZeros(longs - 1));
    }

    /** Returns the blocks as they are now, to be read by any thread without a lock until {@link #thaw}. There is one at a time. */
    WindowArena freeze() {
        WindowArena frozen = new WindowArena();
        frozen.pages = pages;
        frozenPages = pages;
        pages = pages.clone();
        return frozen;
    }

    /** Ends the use of the frozen copy. */
    void thaw() {
        frozenPages = null;
    }

    /** Returns whether there never was a block. */
    boolean isEmpty() {
        return pages.length == 0;
    }

    /** Returns the page that a block lies in, to read it. */
    long[] page(int block) {
        return pages[block >>> (PAGE_BITS - UNIT_BITS)];
    }

    /** Returns the page that a block lies in, to change it. */
    long[] pageForWrite(int block) {
        int page = block >>> (PAGE_BITS - UNIT_BITS);
        long[][] frozen = frozenPages;
        if (frozen != null && page < frozen.length && pages[page] == frozen[page]) {
            pages[page] = pages[page].clone();
        }
        return pages[page];
    }

    /** Returns the index of a block's first long in its page. */
    static int index(int block) {
        return (block << UNIT_BITS) & (PAGE_LONGS - 1);
    }

    /** Returns a block of an order; its content is arbitrary and its first long must be written. */
    int allocate(int order) {
        int found = order;
        while (found <= MAX_ORDER && free[found] == 0) {
            found++;
        }
        int block;
        if (found <= MAX_ORDER) {
            block = free[found];
            unlink(block, found);
        } else {
            found = MAX_ORDER;
            block = newChunk();
        }
        while (found > order) {
            found--;
            link(block + (1 << found - UNIT_BITS), found);
        }
        return block;
    }

    /** Gives a block back and joins it with its free neighbours. */
    void release(int block, int order) {
        int joined = block;
        int size = order;
        while (size < MAX_ORDER) {
            // The buddy starts a block of this size or smaller, so its first long says what it is. Block 0 alone is
            // never one.
            int buddy = joined ^ 1 << size - UNIT_BITS;
            if (buddy == 0 || page(buddy)[index(buddy)] >>> 32 != (FREE >>> 32 | size)) {
                break;
            }
            unlink(buddy, size);
            joined &= buddy;
            size++;
        }
        link(joined, size);
    }

    private void link(int block, int order) {
        int next = free[order];
        long[] page = pageForWrite(block);
        page[index(block)] = FREE | (long) order << 32 | next;
        page[index(block) + 1] = 0;
        if (next != 0) {
            pageForWrite(next)[index(next) + 1] = block;
        }
        free[order] = block;
    }

    private void unlink(int block, int order) {
        int next = (int) (page(block)[index(block)] & NEXT_MASK);
        int previous = (int) page(block)[index(block) + 1];
        if (previous == 0) {
            free[order] = next;
        } else {
            pageForWrite(previous)[index(previous)] = FREE | (long) order << 32 | next;
        }
        if (next != 0) {
            pageForWrite(next)[index(next) + 1] = previous;
        }
    }

    /** The first chunk is cut up at once and without its first block, since no block may be named 0. */
    private int newChunk() {
        if (chunks == MAX_CHUNKS) {
            throw new OutOfMemoryError(
                    "The windows of one signal type exceed 64 GiB; spread the tenant over more shards.");
        }
        int position = chunks << MAX_ORDER - UNIT_BITS;
        ensurePage(chunks >>> (PAGE_BITS - MAX_ORDER), index(position) + CHUNK_LONGS);
        chunks++;
        if (position != 0) {
            return position;
        }
        for (int order = MIN_ORDER; order < MAX_ORDER; order++) {
            link(1 << order - UNIT_BITS, order);
        }
        return newChunk();
    }

    /** Only the first page grows; it starts small, since most tenants are. */
    private void ensurePage(int page, int longs) {
        if (page == pages.length) {
            long[][] grown = Arrays.copyOf(pages, page + 1);
            grown[page] = new long[page == 0 ? CHUNK_LONGS : PAGE_LONGS];
            pages = grown;
        }
        if (pages[page].length < longs) {
            pages[page] = Arrays.copyOf(pages[page], 2 * pages[page].length);
        }
    }

    long retainedBytes() {
        long bytes = 8L * pages.length;
        for (long[] page : pages) {
            bytes += 8L * page.length;
        }
        return bytes;
    }
}
