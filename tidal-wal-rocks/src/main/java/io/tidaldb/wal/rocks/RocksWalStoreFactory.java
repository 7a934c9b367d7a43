package io.tidaldb.wal.rocks;

import io.tidaldb.api.Spi;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.nio.file.Path;

/** Makes the log store "rocks". */
public final class RocksWalStoreFactory implements WalStoreFactory {

    /** For {@link java.util.ServiceLoader}; the native library is loaded when a store is opened, and not before. */
    public RocksWalStoreFactory() {}

    @Override
    public String name() {
        return "rocks";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public WalStore create(WalStoreContext context) {
        return RocksWalStore.open(context, Disk.REAL);
    }

    @Override
    public boolean durable() {
        return true;
    }

    @Override
    public void inspect(Path directory, WalInspection inspection) {
        Inspector.inspect(directory, inspection);
    }
}
