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

/** Files that are there completely or not at all, whenever the machine stops. */
public final class DurableFiles {

    private DurableFiles() {}

    /**
     * Replaces a file: writes beside it, syncs, renames, syncs the directory.
     *
     * @throws TidalException STORAGE_FULL if it can't be written; the old file is then still there
     */
    public static void replace(Path file, ByteBuffer content) {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            createDirectories(parent(file));
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                while (content.hasRemaining()) {
                    channel.write(content);
                }
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncDirectory(parent(file));
        } catch (IOException e) {
            // What there is of it takes up room that the disk may not have.
            temporary.toFile().delete();
            throw new TidalException(
                    ErrorCode.STORAGE_FULL, "file " + file + " can't be written: " + e.getMessage(), e);
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
