package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
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
 *
 * Somebody may be writing: a place where a commit is missing or bad is looked at once more after later ones were found behind it, and
 * only what it shows then counts.
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

    private JournalReader(Layout layout, JournalWindow window, Place from, Visitor visitor) {
        this.layout = layout;
        this.window = window;
        this.file = from.file;
        this.offset = from.offset;
        this.number = from.number;
        this.visitor = visitor;
    }

    /** Where a commit begins, or would begin. */
    record Place(long file, long offset, long number) {}

    /**
     * Reads everything from a commit on, and returns where the next one is to be expected.
     *
     * @throws NoSuchFileException if the file in which it begins is not there
     */
    static Place read(Layout layout, Place from, Visitor visitor) throws IOException {
        try (JournalWindow window = new JournalWindow(layout, from.file)) {
            JournalReader reader = new JournalReader(layout, window, from, visitor);
            while (reader.step()) {
                reader.number++;
            }
            return new Place(reader.file, reader.offset, reader.number);
        }
    }

    private boolean step() throws IOException {
        return findCommit() ? readCommit() : skipUnknown();
    }

    /** Goes to the commit that is expected, here or at the beginning of the next file; false if there is none. */
    private boolean findCommit() throws IOException {
        if (carries(offset)) {
            return true;
        }
        if (window.open(file + 1) && carries(0)) {
            file++;
            offset = 0;
            return true;
        }
        window.open(file);
        return false;
    }

    /** No commit begins here. Either this is the end, or the first block of one was lost. */
    private boolean skipUnknown() throws IOException {
        Place later = findLater(file, offset);
        window.open(file);
        // An end is looked at twice, too: a block that was read from elsewhere once must not be taken for it.
        window.forget();
        if (findCommit()) {
            return readCommit();
        }
        if (later == null) {
            reportStrayBlocks();
            return false;
        }
        String name = layout.name(layout.journalFile(file));
        Damage damage = new Damage(name, offset, "commit " + number, "nothing of it, and commit " + later.number);
        visitor.commit(new Commit(number, name, offset, offset, false, List.of(), damage, true, null));
        return goTo(later);
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

    /** A commit as it looked at one time. */
    private record Look(Commit commit, @Nullable CommitHeader header, boolean cut, boolean foreign, long available) {

        boolean isGood() {
            return commit.damage() == null;
        }

        /** A bad header may announce any length; what follows is found by looking at every block. */
        long following() {
            return header == null || cut ? commit.offset() + CommitHeader.BLOCK_BYTES : commit.end();
        }
    }

    private boolean readCommit() throws IOException {
        Look look = look();
        if (look.isGood()) {
            return pass(look);
        }
        Place later = findLater(file, look.following());
        if (window.open(file)) {
            // In this order: a commit that was being written at the first look is whole before a later one begins.
            window.forget();
            look = look();
        }
        return look.isGood() ? pass(look) : resolveBad(look, later);
    }

    private boolean pass(Look look) throws IOException {
        offset = look.commit.end();
        visitor.commit(look.commit);
        return !look.commit.endMark();
    }

    private Look look() throws IOException {
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
        return new Look(commit, header, cut, foreign, available);
    }

    private boolean resolveBad(Look look, @Nullable Place later) throws IOException {
        Commit commit = look.commit;
        boolean whole = look.header != null && !look.cut && commit.isComplete();
        if (later == null && (look.cut || look.foreign) && !whole) {
            visitor.tornTail(commit.file(), offset, Math.min(look.available, commit.end() - offset));
            return false;
        }
        if (later == null && look.foreign && !commit.endMark()) {
            // Torn behind its frames, in padding and numbers only: each frame is proven by its own checksum and is
            // kept, for it
            // may have been acknowledged.
            visitor.commit(commit.withoutDamage());
            visitor.tornTail(commit.file(), offset, commit.end() - offset);
            return false;
        }
        visitor.commit(commit);
        return !commit.endMark() && later != null && goTo(later);
    }

    private boolean goTo(Place place) throws IOException {
        file = place.file;
        offset = place.offset;
        // The caller counts on from the commit before.
        number = place.number - 1;
        return window.open(file);
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
