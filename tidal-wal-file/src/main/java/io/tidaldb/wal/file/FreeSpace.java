package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Refuses an append while it can still be refused: what was accepted must fit into the journal and, later, into segments. Asks the file
 * system only now and then, more often the less room there is. Confined to the store's thread.
 */
final class FreeSpace {

    private static final long STEP_BYTES = 8L << 20;
    private static final String WAY_OUT =
            "free some space, or delete or truncate tenants; writes are accepted again as soon as there is room";

    private final Disk disk;
    private final Path directory;
    private final long reservedBytes;
    private long admittedSince;
    private long usableBytes = -1;

    FreeSpace(Disk disk, Path directory, long reservedBytes) {
        this.disk = disk;
        this.directory = directory;
        this.reservedBytes = reservedBytes;
    }

    /** @throws TidalException {@link ErrorCode#STORAGE_FULL} if there is no room for a batch beside what is not yet in segments */
    void admit(long bytes, long unwrittenBytes) throws IOException {
        admittedSince += bytes;
        // Once for the journal, once for the segment.
        long needed = 2 * (bytes + unwrittenBytes) + reservedBytes;
        if (usableBytes < 0 || admittedSince > STEP_BYTES || usableBytes - 2 * admittedSince < needed + STEP_BYTES) {
            usableBytes = disk.usableBytes(directory);
            admittedSince = bytes;
        }
        if (usableBytes < needed) {
            throw new TidalException(
                    ErrorCode.STORAGE_FULL,
                    "the disk of " + directory + " has " + usableBytes + " bytes left: expected " + needed
                            + " for what was accepted and a segment; " + WAY_OUT);
        }
    }

    /** Returns what to say of a write that the disk did not take, although there seemed to be room. */
    TidalException refusal(String what, RefusedWrite refused) {
        if (refused.isForMemory()) {
            return Disk.noMemory(what + " in " + directory, refused);
        }
        // Whoever else fills this disk does it right now.
        usableBytes = -1;
        return new TidalException(
                ErrorCode.STORAGE_FULL,
                what + " in " + directory + ": the disk, with " + left() + ", did not take a write ("
                        + refused.getMessage()
                        + "): expected room for it within the disk, the quota and the file size limit; "
                        + WAY_OUT,
                refused);
    }

    private String left() {
        try {
            return disk.usableBytes(directory) + " bytes left";
        } catch (IOException e) {
            return "an unknown number of bytes left";
        }
    }
}
