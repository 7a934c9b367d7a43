package io.tidaldb.core.memory;

import io.tidaldb.api.Spi;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.nio.file.Path;

/** Makes log stores that live on the heap and are gone when they are closed. */
public final class MemoryWalStoreFactory implements WalStoreFactory {

    /** For the service loader. */
    public MemoryWalStoreFactory() {}

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public WalStore create(WalStoreContext context) {
        return new MemoryWalStore();
    }

    @Override
    public boolean durable() {
        return false;
    }

    /** Finds nothing, because nothing is kept. */
    @Override
    public void inspect(Path directory, WalInspection inspection) {}
}
