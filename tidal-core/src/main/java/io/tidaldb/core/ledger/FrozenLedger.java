package io.tidaldb.core.ledger;

import io.tidaldb.api.Origin;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a ledger held at one moment. Immutable; read by any thread, without a lock, while the ledger goes on. Until it is closed, the ledger
 * keeps a second copy of each page that it changes.
 */
public final class FrozenLedger implements AutoCloseable {

    private final @Nullable CellTable[] tables;
    private final Runnable thaw;

    FrozenLedger(@Nullable CellTable[] tables, Runnable thaw) {
        this.tables = tables;
        this.thaw = thaw;
    }

    /** Writes everything as a snapshot, see {@link LedgerSnapshot}. Takes 12 bytes for each pair of one signal type to sort them. */
    public void writeTo(DataOutput out) throws IOException {
        LedgerSnapshot snapshot = new LedgerSnapshot();
        CellState state = new CellState();
        snapshot.writeHeader(cells(), out);
        for (int signal = 0; signal < tables.length; signal++) {
            CellTable table = tables[signal];
            if (table != null) {
                for (int cell : CellOrder.of(table)) {
                    table.load(cell, state);
                    snapshot.writeCell(signal, state, out);
                }
            }
        }
        snapshot.writeTrailer(out);
    }

    /** Returns the digest of it as one origin's part of a slot, see {@link SignalLedger#digest(long, Origin)}. */
    public StateDigest digest(long seed, @Nullable Origin origin) {
        return StateDigest.of(tables, seed, origin);
    }

    /** Returns the pairs of one bucket, see {@link SignalLedger#extractBucket}. */
    public List<byte[]> extractBucket(int bucket, int chunkBytes) {
        return BucketCells.of(tables, bucket, chunkBytes);
    }

    private long cells() {
        long cells = 0;
        for (CellTable table : tables) {
            cells += table == null ? 0 : table.size();
        }
        return cells;
    }

    /** Gives up the copies; nothing may be read afterwards. Safe for any thread, once. */
    @Override
    public void close() {
        thaw.run();
    }
}
