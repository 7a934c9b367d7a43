package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the commits of a journal in order, from where a checkpoint left off, and decides what a bad one is.
 *
 * <ul>
 *   <li>The last commit lacks a block, or has one with another number or half of it: torn, it was never acknowledged. Cut off.
 *   <li>Any other bad commit is damage. What can still be told of its frames is passed on.
 *   <li>A commit of which only the stamps, the header or the padding is damaged is obeyed, for its frames are proven one by one; unless a
 *       block is missing, for then it surely was not finished.
 * </ul>
 */
final class JournalReader {

    /** Receives what is found. */
    interface Visitor {

        void commit(Commit commit) throws IOException;

        void tornTail(String file, long offset, long bytes);
    }

    private final Layout layout;
    private final JournalWindow window;
    private final Visitor visitor;
    private long file;
    private long offset;
    private long number;

    private JournalReader(Layout layout, JournalWindow window, long file, long firstCommit, Visitor visitor) {
        this.layout = layout;
        this.window = window;
        this.file = file;
        this.number = firstCommit;
        this.visitor = visitor;
    }

    /** Where a commit's valid header was found. */
    private record Place(long file, long offset, long number) {}

    /** Reads everything from a commit on, which begins a file. */
    static void read(Layout layout, long file, long firstCommit, Visitor visitor) throws IOException {
        try (JournalWindow window = new JournalWindow(layout, file)) {
            JournalReader reader = new JournalReader(layout, window, file, firstCommit, visitor);
            while (reader.step()) {
                reader.number++;
            }
        }
    }

    private boolean step() throws IOException {
        if (!carries(offset)) {
            if (!window.open(file + 1) || !carries(0)) {
                window.open(file);
                return skipUnknown();
            }
            file++;
            offset = 0;
        }
        return readCommit();
    }

    /** No commit begins here. Either this is the end, or the first block of one was lost. */
    private boolean skipUnknown() throws IOException {
        Place later = findLater(file, offset);
        if (later == null) {
            window.open(file);
            reportStrayBlocks();
            return false;
        }
        String name = layout.name(layout.journalFile(file));
        Damage damage = new Damage(name, offset, "commit " + number, "nothing of it, and commit " + later.number);
        visitor.commit(new Commit(number, name, offset, offset, false, List.of(), damage, true, null));
        goTo(later);
        return true;
    }

    /** The first block of the last commit never arrived; others of it may have. */
    private void reportStrayBlocks() throws IOException {
        long blocks = 0;
        while (carries(offset + (blocks + 1) * CommitHeader.BLOCK_BYTES)) {
            blocks++;
        }
        if (blocks > 0) {
            visitor.tornTail(layout.name(layout.journalFile(file)), offset, (blocks + 1) * CommitHeader.BLOCK_BYTES);
        }
    }

    private boolean readCommit() throws IOException {
        String name = layout.name(layout.journalFile(file));
        ByteBuffer first = window.read(offset, CommitHeader.BLOCK_BYTES);
        CommitHeader header = CommitHeader.parse(first, 0);
        if (header != null && header.number() != number) {
            header = null;
        }
        long available = window.size() - offset;
        int blocks = header == null ? contiguousBlocks() : header.blocks();
        long length = (long) blocks * CommitHeader.BLOCK_BYTES;
        boolean cut = length > available;
        long whole = (available + CommitHeader.BLOCK_BYTES - 1) / CommitHeader.BLOCK_BYTES * CommitHeader.BLOCK_BYTES;
        byte[] bytes = window.read(offset, (int) Math.min(length, whole)).array();
        boolean foreign = foreignBlocks(bytes);
        Damage damage = null;
        if (header == null) {
            damage = new Damage(name, offset, "a header of commit " + number, "something else");
        } else if (cut || foreign || header.crc() != CommitHeader.crc(bytes)) {
            damage = new Damage(
                    name,
                    offset,
                    "commit " + number + " with checksum 0x" + Integer.toHexString(header.crc()),
                    "other bytes");
        }
        Commit commit = Commit.read(number, name, offset, bytes, header, damage);
        if (damage == null) {
            offset += length;
            visitor.commit(commit);
            return !commit.endMark();
        }
        return resolveBad(commit, header, cut, foreign, available);
    }

    private boolean resolveBad(
            Commit commit, @Nullable CommitHeader header, boolean cut, boolean foreign, long available)
            throws IOException {
        // A bad header may announce any length; what follows is found by looking at every block.
        long from = header == null || cut ? offset + CommitHeader.BLOCK_BYTES : commit.end();
        Place later = findLater(file, from);
        boolean whole = header != null && !cut && commit.isComplete();
        if (later == null && (cut || foreign) && !whole) {
            visitor.tornTail(commit.file(), offset, Math.min(available, commit.end() - offset));
            return false;
        }
        if (later == null && foreign && !commit.endMark()) {
            // Torn behind its frames, in padding and numbers only: each frame is proven by its own checksum and is
            // kept, for it
            // may have been acknowledged.
            visitor.commit(commit.withoutDamage());
            visitor.tornTail(commit.file(), offset, commit.end() - offset);
            return false;
        }
        visitor.commit(commit);
        if (commit.endMark()) {
            return false;
        }
        if (later == null) {
            return false;
        }
        goTo(later);
        return true;
    }

    private void goTo(Place place) {
        file = place.file;
        offset = place.offset;
        // The caller counts on from the commit before.
        number = place.number - 1;
    }

    private int contiguousBlocks() throws IOException {
        int blocks = 1;
        while (blocks < Integer.MAX_VALUE / CommitHeader.BLOCK_BYTES
                && carries(offset + (long) blocks * CommitHeader.BLOCK_BYTES)) {
            blocks++;
        }
        return blocks;
    }

    private boolean foreignBlocks(byte[] bytes) {
        ByteBuffer blocks = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        boolean foreign = false;
        for (int at = 0; at < bytes.length; at += CommitHeader.BLOCK_BYTES) {
            boolean first = blocks.getLong(at) == number;
            boolean last = blocks.getLong(at + CommitHeader.BLOCK_BYTES - Long.BYTES) == number;
            foreign |= !first || !last;
            if (!first && !last) {
                // Nothing of this block belongs to the commit: what it holds must not be taken for frames.
                Arrays.fill(bytes, at, at + CommitHeader.BLOCK_BYTES, (byte) 0);
            }
        }
        return foreign;
    }

    private boolean carries(long at) throws IOException {
        return at < window.size()
                && (window.number(at) == number || window.number(at + CommitHeader.BLOCK_BYTES - Long.BYTES) == number);
    }

    /** Finds the first valid header of a later commit of the same open. */
    private @Nullable Place findLater(long fromFile, long fromOffset) throws IOException {
        long at = fromOffset;
        for (long inFile = fromFile; window.open(inFile); inFile++) {
            for (; at + CommitHeader.BLOCK_BYTES <= window.size(); at += CommitHeader.BLOCK_BYTES) {
                // The number in a header tells most blocks apart, cheaper than its checksum.
                if (isLater(window.number(at + 2 * Long.BYTES))) {
                    CommitHeader header = CommitHeader.parse(window.read(at, CommitHeader.BLOCK_BYTES), 0);
                    if (header != null) {
                        return new Place(inFile, at, header.number());
                    }
                }
            }
            at = 0;
        }
        return null;
    }

    private boolean isLater(long other) {
        return other > number && other - number < Journal.COMMITS_PER_OPEN;
    }
}
