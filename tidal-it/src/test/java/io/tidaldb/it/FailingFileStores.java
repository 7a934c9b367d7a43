package io.tidaldb.it;

import io.tidaldb.api.Spi;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.FaultyWalStores;
import io.tidaldb.wal.file.FileWalStoreFactory;
import java.nio.file.Path;

/** The log store "failing-file": that of files, whose disk fails when a test says so. A plugin like any other. */
public final class FailingFileStores implements WalStoreFactory {

    /** Sets the faults. Static, because the service loader makes a factory for every instance that is opened. */
    static final FaultyWalStores FAULTS = new FaultyWalStores(new FileWalStoreFactory());

    /** For the service loader. */
    public FailingFileStores() {}

    @Override
    public String name() {
        return "failing-file";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public boolean durable() {
        return true;
    }

    @Override
    public WalStore create(WalStoreContext context) {
        return FAULTS.create(context);
    }

    @Override
    public void inspect(Path directory, WalInspection inspection) {
        FAULTS.inspect(directory, inspection);
    }
}
