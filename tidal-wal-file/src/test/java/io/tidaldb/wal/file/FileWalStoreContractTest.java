package io.tidaldb.wal.file;

import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.DurableWalStoreContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("The file store keeps the contract of log stores")
class FileWalStoreContractTest extends DurableWalStoreContract {

    @Override
    protected WalStoreFactory factory() {
        return new FileWalStoreFactory();
    }

    @Override
    protected WalStore openWithFailingSync(WalStoreContext context) {
        FaultyDisk disk = new FaultyDisk();
        WalStore store = Stores.open(context.directory(), Stores.SMALL, disk);
        disk.failNextForce = true;
        return store;
    }
}
