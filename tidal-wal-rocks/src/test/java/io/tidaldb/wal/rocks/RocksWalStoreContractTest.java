package io.tidaldb.wal.rocks;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.DurableWalStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;

@DisplayName("The RocksDB store keeps the contract of log stores")
class RocksWalStoreContractTest extends DurableWalStoreContract {

    @Override
    protected WalStoreFactory factory() {
        return new RocksWalStoreFactory();
    }

    @Override
    protected WalStore openWithFailingSync(WalStoreContext context) {
        FaultyDisk disk = new FaultyDisk();
        WalStore store = RocksWalStore.open(context, disk);
        disk.failNextWrite = FaultyDisk.SYNC_FAILED;
        return store;
    }

    /** Two logs this small share a block, whose checksum would refuse both: the batch is spoilt where RocksDB does not see it. */
    @Override
    protected void damageFirstBatch(Path directory, LogId log) {
        Stores.spoilFirstBatch(directory, log);
    }
}
