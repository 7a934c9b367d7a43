package io.tidaldb.core.directory;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalStoreContext;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A node's data directory, owned by this process as long as it is open: {@code LOCK} is locked and names the owner, {@code tidal.json}
 * says whose data it is.
 *
 * <p>Confined to the thread that opens and closes, but for {@link #expose}.
 */
public final class NodeDirectory implements NodeHome {

    private static final int FORMAT = 2;
    private static final String IDENTITY = "tidal.json";
    private static final String LOCK = "LOCK";

    /**
     * Directories that this process owns, with the text in their lock files. Where locks are POSIX ones, closing any channel on a lock file
     * gives up the lock of the whole process, so the file of a directory that is open here must not even be looked at.
     */
    private static final Map<Path, String> OWNED = new ConcurrentHashMap<>();

    private final Path path;
    private final Path key;
    private final FileChannel lockChannel;
    private volatile NodeIdentity identity;
    private final boolean crashed;
    private final boolean orphaned;

    private NodeDirectory(
            Path path, Path key, FileChannel lockChannel, NodeIdentity identity, boolean crashed, boolean orphaned) {
        this.path = path;
        this.key = key;
        this.orphaned = orphaned;
        this.lockChannel = lockChannel;
        this.identity = identity;
        this.crashed = crashed;
    }

    /** Returns the identity of a directory without opening it; empty if it has none. */
    public static Optional<NodeIdentity> peek(Path path) {
        Path file = path.resolve(IDENTITY);
        return Files.exists(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /**
     * Opens a directory, created if missing, and marks it as in use.
     *
     * @param fresh the identity that a directory without one gets
     * @throws TidalException DIRECTORY_LOCKED if another process has it, naming the owner; DIRECTORY_MISMATCH if it is another node's;
     *     FORMAT_TOO_NEW
     */
    public static NodeDirectory open(Path path, NodeIdentity fresh) {
        Path key = own(path);
        FileChannel channel = null;
        try {
            channel = lock(path);
            Optional<NodeIdentity> found = peek(path);
            found.ifPresent(known -> check(path, known, fresh));
            NodeIdentity identity = found.orElse(fresh);
            boolean crashed = found.isPresent() && !identity.clean();
            // Stays so until the new incarnation is granted, which writes the identity once more.
            boolean orphaned = found.isEmpty() && holdsData(path);
            NodeDirectory directory = new NodeDirectory(path, key, channel, identity, crashed, orphaned);
            directory.write(identity.with(false, identity.exposed() || orphaned));
            return directory;
        } catch (RuntimeException e) {
            closeQuietly(channel);
            OWNED.remove(key);
            throw e;
        }
    }

    // Logs from before tenants existed have neither: they are taken over as they are.
    private static boolean holdsData(Path path) {
        return Files.exists(path.resolve("tenants")) || Files.exists(path.resolve("journal"));
    }

    private static Path own(Path path) {
        Path key;
        try {
            DurableFiles.createDirectories(path);
            key = path.toRealPath();
        } catch (IOException e) {
            throw unusable(path, e);
        }
        String owner = OWNED.putIfAbsent(key, owner());
        if (owner != null) {
            throw locked(path, owner);
        }
        return key;
    }

    private static TidalException unusable(Path path, IOException cause) {
        return new TidalException(
                ErrorCode.INVALID_CONFIGURATION,
                "data directory " + path + " can't be used: " + cause + "; expected a directory that can be written",
                cause);
    }

    private static String owner() {
        return "pid=" + ProcessHandle.current().pid() + " host=" + host() + " started="
                + ProcessHandle.current()
                        .info()
                        .startInstant()
                        .map(Object::toString)
                        .orElse("unknown");
    }

    private static void check(Path path, NodeIdentity known, NodeIdentity wanted) {
        if (!known.wal().equals(wanted.wal())) {
            throw mismatch(path, "log store \"" + known.wal() + "\"", "\"" + wanted.wal() + "\"");
        }
        if (!known.region().equals(wanted.region())) {
            throw mismatch(path, "region " + known.region(), wanted.region().toString());
        }
        if (!known.node().equals(wanted.node())) {
            throw mismatch(path, "node " + known.node(), wanted.node().toString());
        }
    }

    private static TidalException mismatch(Path path, String known, String wanted) {
        return new TidalException(
                ErrorCode.DIRECTORY_MISMATCH,
                "data directory " + path + " belongs to " + known + ", expected " + wanted
                        + ": open it as what it is, or choose another directory");
    }

    private static FileChannel lock(Path path) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(
                    path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw locked(path, ownerIn(channel));
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((owner() + "\n").getBytes(StandardCharsets.UTF_8)), 0);
            return channel;
        } catch (OverlappingFileLockException e) {
            TidalException refused = locked(path, "this process, through another copy of Tidal");
            closeQuietly(channel);
            throw refused;
        } catch (IOException e) {
            closeQuietly(channel);
            throw unusable(path, e);
        } catch (TidalException e) {
            closeQuietly(channel);
            throw e;
        }
    }

    private static String ownerIn(FileChannel channel) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(512);
        return channel.read(content, 0) > 0
                ? new String(content.array(), 0, content.position(), StandardCharsets.UTF_8).strip()
                : "unknown";
    }

    private static TidalException locked(Path path, String owner) {
        return new TidalException(
                ErrorCode.DIRECTORY_LOCKED,
                "data directory " + path + " is in use: " + owner
                        + "; stop that process or close that instance, or choose another directory");
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public long usableBytes() {
        try {
            return Files.getFileStore(path).getUsableSpace();
        } catch (IOException unknown) {
            return Long.MAX_VALUE;
        }
    }

    @Override
    public String identityUuid() {
        return identity.uuid();
    }

    @Override
    public boolean durable() {
        return true;
    }

    /** Returns whose it is. */
    public NodeIdentity identity() {
        return identity;
    }

    /** Returns whether the last owner did not close it. */
    public boolean crashed() {
        return crashed;
    }

    /**
     * Returns whether the last owner stopped with seqnos known elsewhere that may not be on this disk, or nobody knows how it stopped because
     * the identity was missing.
     */
    @Override
    public boolean needsIncarnation() {
        return orphaned || crashed && identity.exposed();
    }

    @Override
    public void expose() {
        if (!identity.exposed()) {
            write(identity.with(false, true));
        }
    }

    @Override
    public void incarnated() {
        write(identity.with(false, false));
    }

    /**
     * Marks the directory as closed and gives it free.
     *
     * @throws TidalException STORAGE_FULL if it can't be marked; it is free all the same, as after a crash
     */
    @Override
    public void close() {
        if (lockChannel.isOpen()) {
            try {
                write(identity.with(true, false));
            } finally {
                abandon();
            }
        }
    }

    @Override
    public byte @Nullable [] kept(String name) {
        Path file = path.resolve(name);
        try {
            return Files.exists(file) ? Files.readAllBytes(file) : null;
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, "file " + file + " can't be read: " + e, e);
        }
    }

    @Override
    public void keep(String name, byte[] content) {
        DurableFiles.replace(path.resolve(name), ByteBuffer.wrap(content));
    }

    @Override
    public PendingFile create(TenantId tenant, String name) {
        return DurableFile.create(files(tenant).resolve(name));
    }

    @Override
    public Optional<StoredFile> find(TenantId tenant, String name) {
        Path file = files(tenant).resolve(name);
        try {
            return Files.exists(file) ? Optional.of(new PlainFile(file, Files.size(file))) : Optional.empty();
        } catch (IOException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "file " + file + " can't be read: " + e, e);
        }
    }

    private record PlainFile(Path file, long bytes) implements StoredFile {

        @Override
        public String name() {
            return file.toString();
        }

        @Override
        public InputStream open() throws IOException {
            return Files.newInputStream(file);
        }
    }

    private Path files(TenantId tenant) {
        return WalStoreContext.tenantDirectory(path, tenant).resolve("snapshots");
    }

    @Override
    public void rename(TenantId tenant, String from, String to) {
        Path directory = files(tenant);
        try {
            Files.move(
                    directory.resolve(from),
                    directory.resolve(to),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            DurableFiles.syncDirectory(directory);
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED,
                    "file " + from + " of tenant " + tenant + " in " + directory + " can't be renamed to " + to + ": "
                            + e,
                    e);
        }
    }

    @Override
    public void delete(TenantId tenant, String name) {
        Path file = files(tenant).resolve(name);
        try {
            if (Files.deleteIfExists(file)) {
                DurableFiles.syncDirectory(files(tenant));
            }
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED, "file " + file + " of tenant " + tenant + " can't be deleted: " + e, e);
        }
    }

    // Tenant 0 shares its directory with the node.
    private Path own(TenantId tenant) {
        return tenant.equals(TenantId.DEFAULT) ? files(tenant) : WalStoreContext.tenantDirectory(path, tenant);
    }

    @Override
    public boolean holds(TenantId tenant) {
        return Files.exists(own(tenant));
    }

    @Override
    public void delete(TenantId tenant) {
        Path directory = own(tenant);
        try {
            DurableFiles.deleteTree(directory);
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED,
                    "directory " + directory + " of tenant " + tenant + " can't be deleted: " + e,
                    e);
        }
    }

    @Override
    public void abandon() {
        if (lockChannel.isOpen()) {
            closeQuietly(lockChannel);
            OWNED.remove(key);
        }
    }

    private void write(NodeIdentity next) {
        ObjectNode json = new ObjectMapper().createObjectNode();
        json.put("format", FORMAT)
                .put("cluster", next.cluster())
                .put("node", next.node().name())
                .put("region", next.region().value())
                .put("wal", next.wal())
                .put("uuid", next.uuid())
                .put("clean", next.clean())
                .put("exposed", next.exposed())
                .put("crc", crc(next));
        DurableFiles.replace(path.resolve(IDENTITY), StandardCharsets.UTF_8.encode(json.toPrettyString() + "\n"));
        identity = next;
    }

    private static NodeIdentity read(Path file) {
        try {
            JsonNode json = new ObjectMapper().readTree(Files.readAllBytes(file));
            int format = json.path("format").asInt(-1);
            if (format > FORMAT) {
                throw new TidalException(
                        ErrorCode.FORMAT_TOO_NEW,
                        "data directory " + file.getParent() + " has format " + format
                                + ", written by a newer version: expected up to " + FORMAT
                                + "; open it with that version");
            }
            if (format == FORMAT && json.hasNonNull("node") && json.hasNonNull("wal") && json.hasNonNull("uuid")) {
                NodeIdentity identity = new NodeIdentity(
                        json.path("cluster").asText(),
                        NodeId.of(json.path("node").asText()),
                        RegionId.of(json.path("region").asInt(-1)),
                        json.path("wal").asText(),
                        json.path("uuid").asText(),
                        json.path("clean").asBoolean(),
                        json.path("exposed").asBoolean());
                if (json.path("crc").asText(crc(identity)).equals(crc(identity))) {
                    return identity;
                }
            }
        } catch (IOException e) {
            throw damaged(file, e);
        } catch (TidalException e) {
            throw e.code() == ErrorCode.INVALID_ARGUMENT ? damaged(file, e) : e;
        }
        throw damaged(file, null);
    }

    // The text is JSON for people to read; without a checksum a flipped bit could make it another node's directory.
    private static String crc(NodeIdentity identity) {
        CRC32C crc = new CRC32C();
        crc.update(String.join(
                        "\n",
                        identity.cluster(),
                        identity.node().name(),
                        Integer.toString(identity.region().value()),
                        identity.wal(),
                        identity.uuid(),
                        Boolean.toString(identity.clean()),
                        Boolean.toString(identity.exposed()))
                .getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }

    private static TidalException damaged(Path file, @Nullable Exception cause) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                "identity file " + file
                        + " is damaged: expected a JSON object with format, node, region, wal, uuid and the crc of them; restore it from a copy",
                cause);
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new TidalException(ErrorCode.INTERNAL, "lock file can't be closed: " + e.getMessage(), e);
            }
        }
    }
}
