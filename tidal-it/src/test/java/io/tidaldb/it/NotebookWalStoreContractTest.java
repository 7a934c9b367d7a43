package io.tidaldb.it;

import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.testkit.DurableWalStoreContract;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("R-83: a third party's log store, loaded from its jar, keeps the published contract")
class NotebookWalStoreContractTest extends DurableWalStoreContract {

    @TempDir
    static Path work;

    private static PluginCatalog catalog;

    @BeforeAll
    static void build() throws IOException {
        new NotebookPlugin(work).jar(work.resolve("plugins/notebook.jar"));
        catalog = PluginCatalog.discover(work.resolve("plugins"));
    }

    @AfterAll
    static void close() {
        catalog.close();
    }

    @Override
    protected WalStoreFactory factory() {
        return catalog.choose(WalStoreFactory.class, "notebook");
    }

    /** Takes the files away under the store when it syncs for the first time. */
    @Override
    protected WalStore openWithFailingSync(WalStoreContext context) {
        WalStore store = factory().create(context);
        return (WalStore) Proxy.newProxyInstance(
                WalStore.class.getClassLoader(), new Class<?>[] {WalStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("sync")) {
                        Trees.files(context.directory(), ".log").forEach(Trees::delete);
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
