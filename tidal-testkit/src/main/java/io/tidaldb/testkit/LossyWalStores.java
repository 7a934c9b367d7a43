package io.tidaldb.testkit;

import io.tidaldb.api.Spi;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Log stores that play a disk on the heap: what was synced outlives the store, what was not is lost unless the store is closed. A crash is
 * to open the directory again without closing it; the store that was open before is then good for nothing. {@link LossyDisk} can be told
 * to do worse.
 *
 * <p>Disks belong to the factory and are told apart by directory. The stores it makes are confined to the thread that uses them.
 */
public final class LossyWalStores implements WalStoreFactory {

    private final Map<Path, LossyDisk> disks = new ConcurrentHashMap<>();

    /** Creates a factory without disks. */
    public LossyWalStores() {}

    /** Returns the disk on which a directory lies; an empty one if nothing was opened there yet. */
    public LossyDisk disk(Path directory) {
        return disks.computeIfAbsent(directory, path -> new LossyDisk());
    }

    @Override
    public String name() {
        return "lossy";
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
        return new LossyStore(disk(context.directory()));
    }

    @Override
    public void inspect(Path directory, WalInspection inspection) {
        LossyDisk disk = disks.get(directory);
        if (disk != null) {
            disk.logs().forEach(log -> log.inspect(inspection));
        }
    }
}
