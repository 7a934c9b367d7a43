package io.tidaldb.core.ingest;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.core.directory.NodeHome;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Counts what changes a disk other than by appending, and crashes before or after the change that it is told. */
final class Steps {

    private int untilCrash;

    /** What a crash is to whoever was at work. */
    static final class Crash extends Error {

        private static final long serialVersionUID = 1;
    }

    /** Crashes at the n-th moment from now on, of two for each change: before and after it. 0 takes it back. */
    void crashAt(int nth) {
        untilCrash = nth;
    }

    private void moment() {
        if (untilCrash > 0 && --untilCrash == 0) {
            throw new Crash();
        }
    }

    private void change(Runnable change) {
        moment();
        change.run();
        moment();
    }

    WalStore store(WalStore on) {
        return new WalStore() {
            @Override
            public List<LogStatus> logs() {
                return on.logs();
            }

            @Override
            public LogStatus status(LogId log) {
                return on.status(log);
            }

            @Override
            public void append(LogId log, WalBatch batch) {
                on.append(log, batch);
            }

            @Override
            public void sync() {
                on.sync();
            }

            @Override
            public WalCursor read(LogId log, long fromSeqno) {
                return on.read(log, fromSeqno);
            }

            @Override
            public void flush(LogId log) {
                on.flush(log);
            }

            @Override
            public void truncateBefore(LogId log, long seqno, long chain) {
                change(() -> on.truncateBefore(log, seqno, chain));
            }

            @Override
            public void delete(LogId log) {
                change(() -> on.delete(log));
            }

            @Override
            public void close() {
                on.close();
            }
        };
    }

    /** Returns a home on the heap. */
    NodeHome home() {
        Map<String, byte[]> files = new HashMap<>();
        return new NodeHome() {
            @Override
            public Path path() {
                return Path.of("");
            }

            @Override
            public String identityUuid() {
                return "";
            }

            @Override
            public long usableBytes() {
                return Long.MAX_VALUE;
            }

            @Override
            public boolean durable() {
                return true;
            }

            @Override
            public boolean needsIncarnation() {
                return false;
            }

            @Override
            public void incarnated() {}

            @Override
            public void expose() {}

            @Override
            public byte @Nullable [] kept(String name) {
                return files.get(name);
            }

            @Override
            public void keep(String name, byte[] content) {
                files.put(name, content);
            }

            @Override
            public PendingFile create(TenantId tenant, String name) {
                return new Pending(files, name);
            }

            @Override
            public Optional<StoredFile> find(TenantId tenant, String name) {
                byte[] content = files.get(name);
                return content == null ? Optional.empty() : Optional.of(new Stored(name, content));
            }

            @Override
            public void rename(TenantId tenant, String from, String to) {
                change(() -> files.put(to, Objects.requireNonNull(files.remove(from))));
            }

            @Override
            public void delete(TenantId tenant, String name) {
                change(() -> files.remove(name));
            }

            @Override
            public boolean holds(TenantId tenant) {
                return !files.isEmpty();
            }

            @Override
            public void delete(TenantId tenant) {
                files.clear();
            }

            @Override
            public void close() {}

            @Override
            public void abandon() {}
        };
    }

    /** A file on the heap. */
    static final class Stored implements NodeHome.StoredFile {

        private final String name;
        private final byte[] content;

        Stored(String name, byte[] content) {
            this.name = name;
            this.content = content;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public long bytes() {
            return content.length;
        }

        @Override
        public InputStream open() {
            return new ByteArrayInputStream(content);
        }
    }

    private final class Pending extends NodeHome.PendingFile {

        private final Map<String, byte[]> files;
        private final String name;
        private final ByteArrayOutputStream written = new ByteArrayOutputStream();

        Pending(Map<String, byte[]> files, String name) {
            this.files = files;
            this.name = name;
        }

        @Override
        public void write(int b) {
            written.write(b);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            written.write(bytes, from, length);
        }

        @Override
        public long publish() {
            change(() -> files.put(name, written.toByteArray()));
            return written.size();
        }

        @Override
        public void close() {}
    }
}
