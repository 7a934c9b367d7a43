import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.wal.file.FileWalStoreFactory;

/** The log store "file". It exports nothing: it is found by its name. */
module io.tidaldb.wal.file {
    requires io.tidaldb.api;
    requires org.slf4j;

    provides WalStoreFactory with
            FileWalStoreFactory;
}
