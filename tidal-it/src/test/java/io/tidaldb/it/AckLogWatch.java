package io.tidaldb.it;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Counts the lines of an acknowledgement log while another process writes it. */
final class AckLogWatch implements AutoCloseable {

    // How soon the end of a process is noticed that writes no more; lines are noticed when they come.
    private static final long LOOK_MILLIS = 50;

    private final Path log;
    private final WatchService changes;
    private final ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
    private long position;
    private long lines;

    AckLogWatch(Path log) throws IOException {
        this.log = log;
        this.changes = log.getFileSystem().newWatchService();
        Objects.requireNonNull(log.toAbsolutePath().getParent())
                .register(changes, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
    }

    /** Waits until the log has this many lines, or its writer is gone. */
    void await(long count, TidalProcess writer) throws IOException, InterruptedException {
        while (count() < count && writer.isAlive()) {
            WatchKey key = changes.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            if (key != null) {
                key.pollEvents();
                key.reset();
            }
        }
    }

    /** Returns how many complete lines there are now. */
    long count() throws IOException {
        if (!Files.exists(log)) {
            return 0;
        }
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.READ)) {
            while (channel.read(buffer.clear(), position) > 0) {
                position += buffer.position();
                for (int i = 0; i < buffer.position(); i++) {
                    lines += buffer.get(i) == '\n' ? 1 : 0;
                }
            }
        }
        return lines;
    }

    @Override
    public void close() throws IOException {
        changes.close();
    }
}
