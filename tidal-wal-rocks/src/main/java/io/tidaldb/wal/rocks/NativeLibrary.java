package io.tidaldb.wal.rocks;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import org.rocksdb.RocksDB;

/** Loads RocksDB's native code, which its jar holds for most platforms and unpacks to the temporary directory. */
final class NativeLibrary {

    private NativeLibrary() {}

    static void load() {
        load(RocksDB::loadLibrary);
    }

    /** @throws TidalException {@link ErrorCode#PLUGIN_UNAVAILABLE} if it can't be loaded here */
    static void load(Runnable loading) {
        try {
            loading.run();
        } catch (LinkageError | RuntimeException e) {
            throw new TidalException(
                    ErrorCode.PLUGIN_UNAVAILABLE,
                    "log store \"rocks\" is not available: RocksDB's native library can't be loaded on "
                            + System.getProperty("os.name") + " " + System.getProperty("os.arch") + " (" + e
                            + "): expected Linux, macOS or Windows on a platform that rocksdbjni has a library for,"
                            + " and a temporary directory (" + System.getProperty("java.io.tmpdir")
                            + ") that can be written to and is not mounted noexec; name another one with"
                            + " -Djava.io.tmpdir or the variable ROCKSDB_SHAREDLIB_DIR, or choose the log store \"file\"",
                    e);
        }
    }
}
