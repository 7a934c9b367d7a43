package io.tidaldb.wal.rocks;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.file.Path;
import org.rocksdb.RocksDBException;

/**
 * Refuses an append while it can still be refused: what was accepted must fit into the write-ahead log and, later, into tables, and there
 * must be room to open the database again. Asks the file system only now and then, more often the less room there is. Confined to the
 * store's thread.
 */
final class FreeSpace {

    static final String WAY_OUT =
            "free some space, or delete or truncate tenants; writes are accepted again as soon as there is room";

    private static final long STEP_BYTES = 8L << 20;
    private static final long RESERVED_BYTES = 16L << 20;

    private final Disk disk;
    private final Path directory;
    private long admittedSince;
    private long usableBytes = -1;
    private long unwrittenBytes;

    FreeSpace(Disk disk, Path directory) {
        this.disk = disk;
        this.directory = directory;
    }

    /** @throws TidalException {@link ErrorCode#STORAGE_FULL} if there is no room for a batch beside what is not yet in tables */
    void admit(Database database, long bytes) throws IOException, RocksDBException {
        admittedSince += bytes;
        if (usableBytes < 0 || admittedSince > STEP_BYTES || usableBytes - 2 * admittedSince < needed() + STEP_BYTES) {
            usableBytes = disk.usableBytes(directory);
            unwrittenBytes = database.unwrittenBytes();
            admittedSince = bytes;
        }
        if (usableBytes < needed()) {
            throw new TidalException(
                    ErrorCode.STORAGE_FULL,
                    "the disk of " + directory + " has " + usableBytes + " bytes left: expected " + needed()
                            + " for what was accepted and a reserve; " + WAY_OUT);
        }
    }

    private long needed() {
        // Once for the write-ahead log, once for a table.
        return 2 * admittedSince + unwrittenBytes + RESERVED_BYTES;
    }

    /** Returns what to say of a write that the disk did not take, although there seemed to be room. */
    TidalException refusal(String what, Throwable refused) {
        // Whoever else fills this disk does it right now.
        usableBytes = -1;
        return new TidalException(
                ErrorCode.STORAGE_FULL,
                what + " in " + directory + ": the disk did not take a write (" + refused.getMessage()
                        + "): expected room for it within the disk, the quota and the file size limit; " + WAY_OUT,
                refused);
    }
}
