package io.tidaldb.api.wal;

import io.tidaldb.api.PluginFactory;
import java.nio.file.Path;

/** Makes log stores. */
public interface WalStoreFactory extends PluginFactory {

    /**
     * Opens the store, recovering what a crash left. Damaged logs do not fail it; they are quarantined.
     *
     * @throws io.tidaldb.api.TidalException if the store as a whole can't be opened
     */
    WalStore create(WalStoreContext context);

    /** Returns whether what the store keeps survives the process; if not, no directory is needed. */
    boolean durable();

    /**
     * Reads a store's files without opening, locking or writing anything, in order of logs and seqnos, and reports batches, torn tails
     * and damage. Reading goes on after damage as far as the next place that is surely a batch.
     */
    void inspect(Path directory, WalInspection inspection);
}
