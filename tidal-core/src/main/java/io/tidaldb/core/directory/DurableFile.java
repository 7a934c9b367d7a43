package io.tidaldb.core.directory;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that replaces another: written beside it, synced, renamed, its directory synced. Synced every megabyte while it grows: one sync at
 * the end would hand the disk all of it at once, and the commits of all tenants would wait behind it.
 */
final class DurableFile extends NodeHome.PendingFile {

    private static final Logger LOG = LoggerFactory.getLogger(DurableFile.class);
    private static final long SYNC_BYTES = 1 << 20;

    private final Path file;
    private final Path temporary;
    private final FileChannel channel;
    private long unsyncedBytes;
    private boolean published;

    private DurableFile(Path file, Path temporary, FileChannel channel) {
        this.file = file;
        this.temporary = temporary;
        this.channel = channel;
    }

    /** @throws TidalException STORAGE_FULL if it can't be created */
    static DurableFile create(Path file) {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            DurableFiles.createDirectories(DurableFiles.parent(file));
            return new DurableFile(
                    file,
                    temporary,
                    FileChannel.open(
                            temporary,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.TRUNCATE_EXISTING,
                            StandardOpenOption.WRITE));
        } catch (IOException e) {
            discard(temporary);
            throw full(file, e);
        }
    }

    static TidalException full(Path file, IOException cause) {
        return new TidalException(
                ErrorCode.STORAGE_FULL, "file " + file + " can't be written: " + cause.getMessage(), cause);
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        unsyncedBytes += length;
        if (unsyncedBytes >= SYNC_BYTES) {
            channel.force(false);
            unsyncedBytes = 0;
        }
    }

    @Override
    public long publish() throws IOException {
        channel.force(true);
        long bytes = channel.size();
        channel.close();
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        published = true;
        DurableFiles.syncDirectory(DurableFiles.parent(file));
        return bytes;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.warn("temporary file {} can't be closed: {}", temporary, e.getMessage());
        }
        if (!published) {
            discard(temporary);
        }
    }

    // On a full disk the space is what everybody waits for; if even that fails, the next attempt overwrites the file.
    private static void discard(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            LOG.warn("temporary file {} is left behind: {}", temporary, e.getMessage());
        }
    }
}
