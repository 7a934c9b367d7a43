package com.example.notebook;

import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.DurableWalStoreContract;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

class NotebookWalStoreContractTest extends DurableWalStoreContract {

    @Override
    protected WalStoreFactory factory() {
        return new NotebookWalStoreFactory();
    }

    /** Takes the files away under the store just before it syncs. */
    @Override
    protected WalStore openWithFailingSync(WalStoreContext context) {
        WalStore store = factory().create(context);
        return (WalStore) Proxy.newProxyInstance(
                WalStore.class.getClassLoader(), new Class<?>[] {WalStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("sync")) {
                        deleteLogs(context.directory().resolve("notebook"));
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static void deleteLogs(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }
}
