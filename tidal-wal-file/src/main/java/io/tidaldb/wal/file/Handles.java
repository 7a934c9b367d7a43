package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** The segments that are open, the least recently used of them closed when there are too many. Confined to the store's thread. */
final class Handles implements AutoCloseable {

    private final int limit;
    private final Map<Path, FileChannel> open = new LinkedHashMap<>(16, 0.75f, true);

    Handles(int limit) {
        this.limit = limit;
    }

    /** Returns a channel for positional reads and writes, good until the next call. */
    FileChannel channel(Path file) throws IOException {
        FileChannel channel = open.get(file);
        // An interrupt closes a channel under our hands.
        if (channel != null && channel.isOpen()) {
            return channel;
        }
        channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        open.put(file, channel);
        if (open.size() > limit) {
            Iterator<FileChannel> eldest = open.values().iterator();
            eldest.next().close();
            eldest.remove();
        }
        return channel;
    }

    void forget(Path file) throws IOException {
        FileChannel channel = open.remove(file);
        if (channel != null) {
            channel.close();
        }
    }

    int size() {
        return open.size();
    }

    @Override
    public void close() throws IOException {
        for (FileChannel channel : open.values()) {
            channel.close();
        }
        open.clear();
    }
}
