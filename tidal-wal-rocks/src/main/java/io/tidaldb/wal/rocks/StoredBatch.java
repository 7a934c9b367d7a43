package io.tidaldb.wal.rocks;

import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;

/** Checks that a value is the batch that its key promises. */
final class StoredBatch {

    /** It is not. */
    static final class Damaged extends Exception {

        private static final long serialVersionUID = 1L;

        private final transient Damage damage;

        Damaged(Damage damage) {
            super(damage.toString(), null, false, false);
            this.damage = damage;
        }

        Damage damage() {
            return damage;
        }
    }

    private StoredBatch() {}

    /**
     * Wraps a value without copying it.
     *
     * @throws TidalException if a newer version wrote it
     */
    static WalBatch read(byte[] key, byte[] value) throws Damaged {
        LogId log = Keys.log(key, 0);
        WalBatch batch;
        try {
            batch = WalBatch.of(ByteBuffer.wrap(value), 0);
        } catch (BatchCorruptException e) {
            throw new Damaged(Damage.of(key, e));
        } catch (TidalException e) {
            throw new TidalException(e.code(), "key " + Keys.print(key) + ": " + e.getMessage(), e);
        }
        if (batch.length() != value.length) {
            throw new Damaged(Damage.at(key, "a batch of " + batch.length() + " bytes", value.length + " bytes"));
        }
        if (!batch.tenant().equals(log.tenant())
                || !batch.origin().equals(log.origin())
                || batch.firstSeqno() != Keys.seqno(key)) {
            throw new Damaged(Damage.at(
                    key,
                    "seqno " + Seqno.print(Keys.seqno(key)) + " of log " + log,
                    Seqno.print(batch.firstSeqno()) + " of " + batch.tenant() + "/" + batch.origin()));
        }
        return batch;
    }
}
