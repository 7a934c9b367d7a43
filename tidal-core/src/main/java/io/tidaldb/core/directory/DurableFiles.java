package io.tidaldb.core.directory;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files that are there completely or not at all, whenever the machine stops. */
public final class DurableFiles {

    private static final Logger LOG = LoggerFactory.getLogger(DurableFiles.class);

    private DurableFiles() {}

    /** What a file is to hold, written piece by piece. */
    public interface Content {

        /** Writes everything at the channel's position, which is the file's start. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /**
     * Replaces a file: writes beside it, syncs, renames, syncs the directory.
     *
     * @throws TidalException STORAGE_FULL if it can't be written; the old file is then still there
     */
    public static void replace(Path file, ByteBuffer content) {
        replace(file, channel -> {
            while (content.hasRemaining()) {
                channel.write(content);
            }
        });
    }

    /**
     * Replaces a file: writes beside it, syncs, renames, syncs the directory. When the content breaks off, the old file is still there and
     * what was written is deleted.
     *
     * @return the file's size in bytes
     * @throws TidalException STORAGE_FULL if it can't be written
     */
    public static long replace(Path file, Content content) {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        boolean renamed = false;
        try {
            long bytes;
            createDirectories(parent(file));
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
                bytes = channel.size();
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            renamed = true;
            syncDirectory(parent(file));
            return bytes;
        } catch (IOException e) {
            // What there is of it takes up room that the disk may not have.
            temporary.toFile().delete();
            throw new TidalException(
                    ErrorCode.STORAGE_FULL, "file " + file + " can't be written: " + e.getMessage(), e);
        } finally {
            if (!renamed) {
                discard(temporary);
            }
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

    /** Creates a directory and its parents, each durable in its own parent. */
    public static void createDirectories(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = parent(directory);
        createDirectories(parent);
        Files.createDirectory(directory);
        syncDirectory(parent);
    }

    /** Deletes a directory with all that is in it, if it exists. Links are deleted, not followed. */
    public static void deleteTree(Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(path)) {
                for (Path child : children) {
                    deleteTree(child);
                }
            }
        }
        if (Files.deleteIfExists(path)) {
            syncDirectory(parent(path));
        }
    }

    private static Path parent(Path path) {
        return Objects.requireNonNull(path.toAbsolutePath().getParent(), "the root can't be replaced");
    }

    private static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
