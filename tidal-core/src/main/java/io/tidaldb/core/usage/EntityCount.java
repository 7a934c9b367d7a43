package io.tidaldb.core.usage;

import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.ingest.Node;
import java.util.Arrays;

/**
 * Counts the distinct entities of a slot's signals in memory of a fixed size: in as many passes over them as that takes, each of which
 * looks at its share of all entities. Not thread-safe.
 */
final class EntityCount {

    /** Entities to expect of a pass; the table of a pass has 64 MiB at most. */
    private static final long PER_PASS = 1 << 21;

    private static final int MIN_SLOTS = 1 << 10;

    private final long[] table;
    private final int passes;
    private int pass;
    private int inPass;
    private boolean zero;
    private long count;

    /** @param expected how many there should be */
    EntityCount(long expected) {
        this(expected, PER_PASS);
    }

    EntityCount(long expected, long perPass) {
        int shares = 1;
        while (expected / shares > perPass) {
            shares *= 2;
        }
        passes = shares;
        table = new long[Math.max(MIN_SLOTS, Integer.highestOneBit((int) (expected / shares + 1)) * 4)];
    }

    /** Counts what a batch has and this pass has not seen. */
    void add(Node.Counted batch) {
        batch.forEachSignal((payload, at, seqno) -> add(SignalRecords.entity(payload, at)));
        batch.forEachUserRecord(
                (record, seqno) -> Arrays.stream(record.entities()).forEach(this::add));
    }

    void add(long entity) {
        long hash = mixed(entity);
        if ((hash & (passes - 1)) != pass || inPass >= table.length / 4 * 3) {
            // With more than fit, there are more than expected, and that is all that there is to know.
            return;
        }
        if (hash == 0) {
            count += zero ? 0 : 1;
            zero = true;
            return;
        }
        int slot = (int) (hash >>> 32) & (table.length - 1);
        while (table[slot] != 0) {
            if (table[slot] == hash) {
                return;
            }
            slot = (slot + 1) & (table.length - 1);
        }
        table[slot] = hash;
        inPass++;
        count++;
    }

    /** Begins the next pass, if another one is needed. */
    boolean next() {
        if (pass + 1 == passes) {
            return false;
        }
        pass++;
        inPass = 0;
        Arrays.fill(table, 0);
        return true;
    }

    long count() {
        return count;
    }

    // One to one, so that what is equal mixed is equal (the finalizer of MurmurHash3, which is public domain).
    private static long mixed(long value) {
        long hash = (value ^ value >>> 33) * 0xff51afd7ed558ccdL;
        hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
        return hash ^ hash >>> 33;
    }
}
