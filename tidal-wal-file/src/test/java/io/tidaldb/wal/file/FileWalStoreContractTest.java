package io.tidaldb.wal.file;

import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.WalStoreContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("The file store keeps the contract of log stores")
class FileWalStoreContractTest extends WalStoreContract {

    @Override
    protected WalStoreFactory factory() {
        return new FileWalStoreFactory();
    }
}
