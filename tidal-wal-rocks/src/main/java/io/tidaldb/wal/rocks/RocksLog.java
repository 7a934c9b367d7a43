package io.tidaldb.wal.rocks;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One log: what the database has of it, and after that what was appended and not yet synced. Confined to the store's thread.
 *
 * <p>Invariant: {@code pending} continues {@code durable} without a gap.
 */
final class RocksLog {

    /** A batch that is not in the database. */
    record Pending(long firstSeqno, long lastSeqno, byte[] bytes) {}

    private final LogId id;
    private final List<Pending> pending = new ArrayList<>();
    private LogState durable;
    private LogState now;
    private long changes;
    private long truncatedBytes;
    private boolean rolledOver;
    private @Nullable Damage damage;
    private boolean damageIsNoted;

    RocksLog(LogId id, LogState durable) {
        this.id = id;
        this.durable = durable;
        this.now = durable;
    }

    static RocksLog unknown(LogId id) {
        return new RocksLog(id, LogState.unknown(id));
    }

    LogId id() {
        return id;
    }

    /** Returns the state with everything that was appended. */
    LogState now() {
        return now;
    }

    /** Returns the state without what is pending. */
    LogState durable() {
        return durable;
    }

    List<Pending> pending() {
        return pending;
    }

    /** Returns how often the log was changed; whoever reads it stops when that is more. */
    long changes() {
        return changes;
    }

    @Nullable
    Damage damage() {
        return damage;
    }

    LogStatus status() {
        return new LogStatus(
                id,
                now.firstSeqno(),
                now.lastSeqno(),
                now.baseChain(),
                now.bytes(),
                damage == null ? null : damage.exception(id));
    }

    /** Throws what the log is quarantined for, if it is. */
    void checkSound() {
        if (damage != null) {
            throw damage.exception(id);
        }
    }

    /** @param noted whether the database has a note of it already */
    void quarantine(Damage found, boolean noted) {
        if (damage == null) {
            damage = found;
            damageIsNoted = noted;
        }
    }

    /** Returns the damage that is to be noted, once. */
    @Nullable
    Damage takeUnnotedDamage() {
        boolean noted = damageIsNoted;
        damageIsNoted = true;
        return noted ? null : damage;
    }

    /** Returns the length of the copy that it takes of the batch. */
    int append(WalBatch batch) {
        byte[] copy = new byte[batch.length()];
        batch.copyTo(ByteBuffer.wrap(copy));
        pending.add(new Pending(batch.firstSeqno(), batch.lastSeqno(), copy));
        now = new LogState(
                now.firstSeqno(), now.baseChain(), batch.lastSeqno(), batch.chain(), now.bytes() + copy.length);
        changes++;
        return copy.length;
    }

    /** What is pending is in the database. */
    void committed() {
        pending.clear();
        durable = now;
    }

    /** What is pending will never be in the database. */
    void takeBack() {
        pending.clear();
        now = durable;
        changes++;
    }

    /** The log begins at another position, in the database as well. */
    void truncated(LogState to) {
        truncatedBytes += now.bytes() - to.bytes();
        now = to;
        changes++;
        committed();
    }

    /** Returns whether this much was truncated, and begins to count anew if so. */
    boolean takeTruncatedBytes(long atLeast) {
        if (truncatedBytes < atLeast) {
            return false;
        }
        truncatedBytes = 0;
        return true;
    }

    /** From now on what is truncated is to be in no file. */
    void rollOver() {
        rolledOver = true;
    }

    boolean isRolledOver() {
        return rolledOver;
    }

    /** Ends whoever reads the log. */
    void changed() {
        changes++;
    }

    boolean isPristine() {
        return durable.equals(LogState.unknown(id)) && pending.isEmpty();
    }

    static boolean isBefore(long seqno, long other) {
        return Long.compareUnsigned(seqno, other) < 0;
    }
}
