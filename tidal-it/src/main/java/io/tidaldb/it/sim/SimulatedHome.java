package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.directory.NodeHome;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What of a node lasts beside its logs, on a simulated machine: outlives its processes, as a directory does. A file is the old one or the
 * new one, whenever the machine crashes.
 */
public final class SimulatedHome implements NodeHome {

    private final Path path;
    private final SortedMap<TenantId, SortedMap<String, byte[]>> files = new TreeMap<>();
    private final SortedMap<String, byte[]> own = new TreeMap<>();
    private boolean full;

    // What production writes into the identity file.
    private boolean used;
    private boolean clean;
    private boolean exposed;

    /** Whether the process before this one ended without closing it. */
    private boolean crashed;

    SimulatedHome(Path path) {
        this.path = path;
    }

    /** A process begins to use it. */
    void open() {
        crashed = used && !clean;
        used = true;
        clean = false;
    }

    /** Returns one that has what this one has, and goes its own way. */
    SimulatedHome copy() {
        SimulatedHome copy = new SimulatedHome(path);
        copy.become(this);
        return copy;
    }

    /** Has from now on what another one has. */
    void become(SimulatedHome other) {
        files.clear();
        other.files.forEach((tenant, named) -> files.put(tenant, new TreeMap<>(named)));
        own.clear();
        own.putAll(other.own);
        used = other.used;
        clean = other.clean;
        exposed = other.exposed;
    }

    /** Loses what the node itself keeps. */
    public void loseOwn() {
        own.clear();
    }

    /** Refuses new files from now on, or takes them again. */
    public void full(boolean isFull) {
        full = isFull;
    }

    /** Returns the tenants of which it has files. */
    public SortedSet<TenantId> tenants() {
        return Collections.unmodifiableSortedSet(new TreeSet<>(files.keySet()));
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public String identityUuid() {
        return "home-" + path;
    }

    @Override
    public long usableBytes() {
        return full ? 0 : Long.MAX_VALUE;
    }

    @Override
    public boolean durable() {
        return true;
    }

    @Override
    public boolean needsIncarnation() {
        return crashed && exposed;
    }

    @Override
    public void incarnated() {
        exposed = false;
    }

    @Override
    public void expose() {
        exposed = true;
    }

    @Override
    public byte @Nullable [] kept(String name) {
        return own.get(name);
    }

    @Override
    public void keep(String name, byte[] content) {
        own.put(name, content.clone());
    }

    @Override
    public PendingFile create(TenantId tenant, String name) {
        if (full) {
            throw new TidalException(
                    ErrorCode.STORAGE_FULL, "there is no room for " + name + ", as a simulation has asked for");
        }
        return new MemoryFile(tenant, name);
    }

    private final class MemoryFile extends PendingFile {

        private final TenantId tenant;
        private final String name;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        MemoryFile(TenantId tenant, String name) {
            this.tenant = tenant;
            this.name = name;
        }

        @Override
        public void write(int b) {
            bytes.write(b);
        }

        @Override
        public void write(byte[] from, int offset, int length) {
            bytes.write(from, offset, length);
        }

        @Override
        public long publish() {
            files.computeIfAbsent(tenant, each -> new TreeMap<>()).put(name, bytes.toByteArray());
            return bytes.size();
        }

        @Override
        public void close() {}
    }

    @Override
    public Optional<StoredFile> find(TenantId tenant, String name) {
        byte[] bytes = files.getOrDefault(tenant, Collections.emptySortedMap()).get(name);
        return bytes == null
                ? Optional.empty()
                : Optional.of(new Found(path.resolve(name).toString(), bytes));
    }

    private static final class Found implements StoredFile {

        private final String name;
        private final byte[] content;

        Found(String name, byte[] content) {
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

    @Override
    public void rename(TenantId tenant, String from, String to) {
        SortedMap<String, byte[]> known = files.getOrDefault(tenant, new TreeMap<>());
        byte[] bytes = known.remove(from);
        if (bytes == null) {
            throw new TidalException(ErrorCode.STORE_FAILED, "there is no file " + from + " of tenant " + tenant);
        }
        known.put(to, bytes);
    }

    @Override
    public void delete(TenantId tenant, String name) {
        SortedMap<String, byte[]> known = files.get(tenant);
        if (known != null) {
            known.remove(name);
        }
    }

    @Override
    public boolean holds(TenantId tenant) {
        return files.containsKey(tenant);
    }

    @Override
    public void delete(TenantId tenant) {
        files.remove(tenant);
    }

    @Override
    public void close() {
        clean = true;
        exposed = false;
    }

    @Override
    public void abandon() {}
}
