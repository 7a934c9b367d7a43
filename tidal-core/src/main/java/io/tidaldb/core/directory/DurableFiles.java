package io.tidaldb.core.directory;

import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/** Files that are there completely or not at all, whenever the machine stops. */
public final class DurableFiles {

    private DurableFiles() {}

    /**
     * Replaces a file.
     *
     * @throws TidalException STORAGE_FULL if it can't be written; the old file is then still there
     */
    public static void replace(Path file, ByteBuffer content) {
        byte[] bytes = new byte[content.remaining()];
        content.get(bytes);
        try (DurableFile replacement = DurableFile.create(file)) {
            replacement.write(bytes);
            replacement.publish();
        } catch (IOException e) {
            throw DurableFile.full(file, e);
        }
    }

    /** Creates a directory and its parents, each durable in its own parent. */
    public static void createDirectories(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = parent(directory);
        createDirectories(parent);
        try {
            Files.createDirectory(directory);
        } catch (FileAlreadyExistsException e) {
            // The log store creates directories of tenants, too; whoever was first, it must be durable here.
            if (!Files.isDirectory(directory)) {
                throw e;
            }
        }
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

    static Path parent(Path path) {
        return Objects.requireNonNull(path.toAbsolutePath().getParent(), "the root can't be replaced");
    }

    /** Makes durable which files a directory has. */
    public static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
