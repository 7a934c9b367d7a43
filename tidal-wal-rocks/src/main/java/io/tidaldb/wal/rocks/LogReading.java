package io.tidaldb.wal.rocks;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import java.util.function.Consumer;

/** Tells the batches of one log, and beyond damage what comes after it. */
final class LogReading {

    private final Database database;
    private final LogId log;
    private final LogState state;
    private final WalInspection inspection;
    private final Consumer<Damage> damages;
    private final boolean isKnownDamaged;
    private long nextSeqno;
    // After damage nobody knows what should come next.
    private boolean resumes;

    LogReading(Database database, RocksLog log, WalInspection inspection, Consumer<Damage> damages) {
        this.database = database;
        this.log = log.id();
        this.state = log.durable();
        this.inspection = inspection;
        this.damages = damages;
        this.nextSeqno = state.firstSeqno();
        this.isKnownDamaged = log.damage() != null;
        this.resumes = isKnownDamaged;
    }

    void run() {
        try (BatchScan batches = new BatchScan(database)) {
            batches.seek(Keys.start(log));
            while (batches.damage() == null || skipDamage(batches)) {
                if (!batches.isValid() || !Keys.log(batches.key(), 0).equals(log)) {
                    break;
                }
                tell(batches.key(), batches.value());
                batches.next();
            }
        }
        if (!resumes && !isKnownDamaged && nextSeqno != state.lastSeqno() + 1) {
            damages.accept(Damage.at(Keys.of(log, nextSeqno), "a batch", "the end of the log"));
        }
    }

    private void tell(byte[] key, byte[] value) {
        try {
            WalBatch batch = StoredBatch.read(key, value);
            if (!resumes && batch.firstSeqno() != nextSeqno) {
                damages.accept(Damage.at(Keys.of(log, nextSeqno), "a batch", Keys.print(key)));
            }
            inspection.batch(log, Damage.DATABASE, 0, batch);
            nextSeqno = batch.lastSeqno() + 1;
            resumes = false;
        } catch (StoredBatch.Damaged e) {
            damages.accept(e.damage());
            nextSeqno = Keys.seqno(key) + 1;
            resumes = true;
        }
    }

    /** Goes to the first batch after an unreadable block, found by halving: what lies in one is next to each other. */
    private boolean skipDamage(BatchScan batches) {
        Damage damage = batches.damage();
        if (damage != null) {
            damages.accept(damage);
        }
        resumes = true;
        long unreadable = nextSeqno;
        long step = 1;
        while (!canSeek(batches, unreadable + step)) {
            unreadable += step;
            step *= 2;
            if (RocksLog.isBefore(state.lastSeqno(), unreadable)) {
                return false;
            }
        }
        long readable = unreadable + step;
        while (readable - unreadable > 1) {
            long middle = unreadable + (readable - unreadable) / 2;
            if (canSeek(batches, middle)) {
                readable = middle;
            } else {
                unreadable = middle;
            }
        }
        nextSeqno = readable;
        return canSeek(batches, readable);
    }

    private boolean canSeek(BatchScan batches, long seqno) {
        batches.seek(Keys.of(log, seqno));
        return batches.damage() == null;
    }
}
