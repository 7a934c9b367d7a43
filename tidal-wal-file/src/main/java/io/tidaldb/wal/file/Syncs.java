package io.tidaldb.wal.file;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;

/** Syncs many files or directories, some of them side by side: a disk takes several syncs for little more than one. */
final class Syncs {

    /** How many at a time, as far as the background has threads. */
    private static final int AT_A_TIME = 4;

    private Syncs() {}

    /** Syncs one, on any thread. */
    interface Sync {
        void sync(Path path) throws IOException;
    }

    /** Returns when all are synced, or one is not and none of the others is being synced any more. */
    static void run(Executor background, Collection<Path> paths, Sync each) throws IOException {
        Queue<Path> left = new ConcurrentLinkedQueue<>(paths);
        List<Work> others = new ArrayList<>();
        for (int i = 1; i < Math.min(AT_A_TIME, paths.size()); i++) {
            others.add(Work.begin(background, () -> run(left, each)));
        }
        try {
            run(left, each);
        } finally {
            left.clear();
            others.forEach(Work::end);
        }
        for (Work other : others) {
            other.await();
        }
    }

    private static void run(Queue<Path> left, Sync each) throws IOException {
        for (Path path = left.poll(); path != null; path = left.poll()) {
            each.sync(path);
        }
    }
}
