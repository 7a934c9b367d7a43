package io.tidaldb.bench;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What several contenders of a workload use by turns: opened for the first of them, closed after the last. */
final class Shared<T extends AutoCloseable> {

    /** Opens it. */
    interface Opening<T> {
        T open(Path directory) throws Exception;
    }

    private final Opening<T> opening;
    private @Nullable T opened;
    private int users;

    Shared(Opening<T> opening) {
        this.opening = opening;
    }

    T open(Path directory) throws Exception {
        T shared = opened == null ? opening.open(directory) : opened;
        opened = shared;
        users++;
        return shared;
    }

    void close() throws Exception {
        users--;
        if (users == 0 && opened != null) {
            opened.close();
            opened = null;
        }
    }
}
