package io.tidaldb.server.cli.tenant;

import io.tidaldb.core.BackupSource;
import io.tidaldb.core.backup.BackupBase;
import io.tidaldb.core.backup.BackupPart;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.server.cli.CliException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A directory with the parts of one backup, {@code part-000001.tdbk} and so on; or one file with parts one after the other. A part is there as
 * a whole or not at all.
 */
record BackupDirectory(Path path) implements BackupSource {

    private static final Pattern PART = Pattern.compile("part-(\\d{6})\\.tdbk");
    private static final String UNFINISHED = "part.tmp";

    /** One sync at the end would hand the disk all of it at once, and a node that shares the disk would wait behind it. */
    private static final int SYNC_BYTES = 1 << 20;

    /** Writes a part. */
    interface PartWriter {

        /** Writes all of it, or fails. */
        void write(OutputStream out) throws IOException;
    }

    /** What became of a part: its file, or none if there was nothing new. */
    record Written(Path file, long bytes, BackupPart part) {}

    private List<Path> parts() throws IOException {
        if (Files.isRegularFile(path)) {
            return List.of(path);
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(
                            file -> PART.matcher(file.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
    }

    /** Returns where the next part begins. */
    BackupPoint point() throws IOException {
        if (Files.notExists(path)) {
            return BackupPoint.NOTHING;
        }
        if (!Files.isDirectory(path)) {
            throw CliException.usage(path + " is a file: expected a directory for the parts of the backup");
        }
        List<Path> parts = parts();
        return parts.isEmpty()
                ? BackupPoint.NOTHING
                : read(parts.get(parts.size() - 1)).point();
    }

    private static BackupPart read(Path file) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            return BackupPart.read(file.toString(), in);
        }
    }

    /** Adds a part; checks it before it counts, and leaves it out if there is nothing new in it. */
    Written add(PartWriter writer) throws IOException {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw CliException.failed(
                    "directory " + path + " can't be made: expected one within a directory that can be written to");
        }
        List<Path> before = parts();
        Path unfinished = path.resolve(UNFINISHED);
        Files.deleteIfExists(unfinished);
        try (OutputStream out = new BufferedOutputStream(
                Files.newOutputStream(
                        Files.createFile(
                                unfinished,
                                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))),
                        StandardOpenOption.WRITE,
                        StandardOpenOption.DSYNC),
                SYNC_BYTES)) {
            writer.write(out);
        }
        BackupPart part = read(unfinished);
        long bytes = Files.size(unfinished);
        Path file = path.resolve(String.format(Locale.ROOT, "part-%06d.tdbk", before.size() + 1));
        boolean nothingNew = part.batches() == 0 && part.head().base().equals(BackupBase.NONE);
        if (nothingNew && !before.isEmpty()) {
            Files.delete(unfinished);
            return new Written(before.get(before.size() - 1), 0, part);
        }
        sync(unfinished);
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        sync(path);
        return new Written(file, bytes, part);
    }

    private static void sync(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public String name() {
        return "the backup in " + path;
    }

    @Override
    public InputStream open() throws IOException {
        List<InputStream> streams = new ArrayList<>();
        for (Path part : parts()) {
            streams.add(new LazyFile(part));
        }
        return new SequenceInputStream(Collections.enumeration(streams));
    }

    /** A file that is opened when it is read, so that not all parts are open at a time. */
    private static final class LazyFile extends InputStream {

        private final Path file;
        private InputStream in = InputStream.nullInputStream();
        private boolean opened;

        LazyFile(Path file) {
            this.file = file;
        }

        private InputStream in() throws IOException {
            if (!opened) {
                opened = true;
                in = Files.newInputStream(file);
            }
            return in;
        }

        @Override
        public int read() throws IOException {
            return in().read();
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            return in().read(into, from, length);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
