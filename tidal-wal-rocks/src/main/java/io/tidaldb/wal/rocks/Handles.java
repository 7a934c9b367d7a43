package io.tidaldb.wal.rocks;

import java.util.ArrayDeque;
import java.util.Deque;
import org.rocksdb.AbstractNativeReference;

/** Native objects, closed in the reverse of the order in which they were made. */
final class Handles implements AutoCloseable {

    private final Deque<AbstractNativeReference> open = new ArrayDeque<>();

    <T extends AbstractNativeReference> T own(T handle) {
        open.push(handle);
        return handle;
    }

    @Override
    public void close() {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }
}
