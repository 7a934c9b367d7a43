package io.tidaldb.core.memory;

import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.WalStoreContract;

class MemoryWalStoreContractTest extends WalStoreContract {

    @Override
    protected WalStoreFactory factory() {
        return new MemoryWalStoreFactory();
    }
}
