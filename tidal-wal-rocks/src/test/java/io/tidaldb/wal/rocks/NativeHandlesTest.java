package io.tidaldb.wal.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.AbstractImmutableNativeReference;

@DisplayName("Native objects and the native library")
class NativeHandlesTest {

    @TempDir
    Path home;

    @Test
    @DisplayName("are closed with the store, those of cursors that nobody closed included; closing twice is harmless")
    void everythingNativeIsClosed() {
        FaultyDisk disk = new FaultyDisk();
        WalStore store = Stores.open(home, disk);
        Stores.append(store, Stores.log(7), 10, 5);
        store.sync();
        WalCursor cursor = store.read(Stores.log(7), 12);
        assertThat(cursor.next()).isNotNull();
        Set<AbstractImmutableNativeReference> handles = reachable(store);
        assertThat(handles).hasSizeGreaterThanOrEqualTo(10).allMatch(AbstractImmutableNativeReference::isOwningHandle);

        // Those of a database that was opened again meanwhile, too.
        Stores.append(store, Stores.log(8), 1, 1);
        disk.failNextWrite = FaultyDisk.NO_SPACE;
        assertThatThrownBy(store::sync).isInstanceOf(TidalException.class);
        assertThat(cursor.next()).isNotNull();
        handles.addAll(reachable(store));

        store.close();
        assertThat(handles).hasSizeGreaterThanOrEqualTo(20).noneMatch(AbstractImmutableNativeReference::isOwningHandle);
        cursor.close();
        store.close();
    }

    @Test
    @DisplayName("are closed when the store can't be opened")
    void nothingStaysOpenAfterAFailedOpening() {
        WalStore store = Stores.open(home);
        Stores.append(store, Stores.log(7), 10, 5);
        // RocksDB's own lock.
        assertThatThrownBy(() -> Stores.open(home))
                .isInstanceOfSatisfying(
                        TidalException.class,
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.STORE_FAILED));
        store.close();
        Stores.open(home).close();
    }

    @Test
    @DisplayName("say what to do where the library can't be loaded")
    void aLibraryThatCannotBeLoadedIsExplained() {
        assertThatThrownBy(() -> NativeLibrary.load(() -> {
                    throw new UnsatisfiedLinkError("no rocksdbjni in java.library.path");
                }))
                .isInstanceOfSatisfying(TidalException.class, refusal -> {
                    assertThat(refusal.code()).isEqualTo(ErrorCode.PLUGIN_UNAVAILABLE);
                    assertThat(refusal)
                            .hasMessageContaining(System.getProperty("os.arch"))
                            .hasMessageContaining("ROCKSDB_SHAREDLIB_DIR")
                            .hasMessageContaining("\"file\"");
                });
    }

    /** Finds what an object holds, through the fields of our own classes and through collections. */
    private static Set<AbstractImmutableNativeReference> reachable(Object root) {
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<AbstractImmutableNativeReference> found = Collections.newSetFromMap(new IdentityHashMap<>());
        collect(root, seen, found);
        return found;
    }

    private static void collect(Object from, Set<Object> seen, Set<AbstractImmutableNativeReference> found) {
        if (!seen.add(from)) {
            return;
        }
        if (from instanceof AbstractImmutableNativeReference handle) {
            found.add(handle);
        } else if (from instanceof Collection<?> all) {
            all.forEach(one -> collect(one, seen, found));
        } else if (from instanceof Map<?, ?> map) {
            map.values().forEach(one -> collect(one, seen, found));
        } else if (from.getClass().getPackageName().equals(RocksWalStore.class.getPackageName())
                && !from.getClass().isArray()) {
            for (Field field : from.getClass().getDeclaredFields()) {
                collectField(from, field, seen, found);
            }
        }
    }

    private static void collectField(
            Object from, Field field, Set<Object> seen, Set<AbstractImmutableNativeReference> found) {
        if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) {
            return;
        }
        try {
            field.setAccessible(true);
            Object value = field.get(from);
            if (value != null) {
                collect(value, seen, found);
            }
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }
}
