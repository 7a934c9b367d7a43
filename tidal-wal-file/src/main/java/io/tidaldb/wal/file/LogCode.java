package io.tidaldb.wal.file;

import io.tidaldb.api.Origin;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;

/**
 * A log's id as frames and summaries encode it: made once for a log, since the parts of an id lie scattered in memory.
 *
 * @param origin region, shard and incarnation of the origin, as eight bytes of a frame have them
 */
record LogCode(int holder, long tenant, long origin) {

    static LogCode of(LogId log) {
        return new LogCode(log.holder().value(), log.tenant().value(), code(log.origin()));
    }

    private static long code(Origin origin) {
        return origin.region().value() | (long) origin.shard().value() << 16 | (long) origin.incarnation() << 32;
    }

    int incarnation() {
        return (int) (origin >>> 32);
    }

    /** Returns region and shard of the origin, as four bytes of a frame have them. */
    long replica() {
        return origin & 0xFFFFFFFFL;
    }

    /** Returns whether a batch says that it is of this log, which holder or not. */
    boolean isOf(WalBatch batch) {
        return batch.tenant().value() == tenant && code(batch.origin()) == origin;
    }
}
