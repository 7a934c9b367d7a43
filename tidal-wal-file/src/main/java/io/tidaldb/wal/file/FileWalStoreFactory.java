package io.tidaldb.wal.file;

import io.tidaldb.api.Spi;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.nio.file.Path;

/** Makes the log store "file". */
public final class FileWalStoreFactory implements WalStoreFactory {

    /** For {@link java.util.ServiceLoader}. */
    public FileWalStoreFactory() {}

    @Override
    public String name() {
        return "file";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public WalStore create(WalStoreContext context) {
        return FileWalStore.open(context, Limits.DEFAULT, Disk.REAL);
    }

    @Override
    public boolean durable() {
        return true;
    }

    @Override
    public void inspect(Path directory, WalInspection inspection) {
        Inspector.inspect(new Layout(directory), inspection);
    }
}
