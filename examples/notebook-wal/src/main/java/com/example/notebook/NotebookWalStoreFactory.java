package com.example.notebook;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes the log store "notebook": one file for each log, which is simple to understand and syncs each file by itself. */
public final class NotebookWalStoreFactory implements WalStoreFactory {

    private static final String DIRECTORY = "notebook";

    /** For the service loader. */
    public NotebookWalStoreFactory() {}

    @Override
    public String name() {
        return "notebook";
    }

    /** Returns the constant, which the compiler copies: the version that this was compiled against. */
    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public boolean durable() {
        return true;
    }

    @Override
    public WalStore create(WalStoreContext context) {
        Path directory = context.directory().resolve(DIRECTORY);
        try {
            Files.createDirectories(directory);
            Page.force(context.directory());
            return new NotebookWalStore(directory);
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, "notebook " + directory + " can't be opened: " + e, e);
        }
    }

    @Override
    public void inspect(Path node, WalInspection inspection) {
        try {
            for (Page page : Page.in(node.resolve(DIRECTORY))) {
                page.scan(inspection);
            }
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, "notebook in " + node + " can't be read: " + e, e);
        }
    }
}
