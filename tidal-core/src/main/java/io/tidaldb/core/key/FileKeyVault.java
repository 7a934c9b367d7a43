package io.tidaldb.core.key;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import io.tidaldb.core.directory.OwnerOnly;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Master keys in the files of a directory, 32 bytes each, which nobody but their owner may read: {@code shared-N.key} for all tenants, and
 * {@code tT-N.key} for tenant T alone, which goes before the shared ones. Of several the one with the highest N wraps; the others unwrap what
 * they wrapped.
 *
 * <p>A wrapped key: u8 version, 1; u8 length of the master key's name, the name in ASCII; 12 bytes of nonce; the data key under AES-256-GCM and
 * the tag. The additional data is all before the nonce, and the tenant as u64, big-endian.
 */
final class FileKeyVault implements KeyVault {

    private static final byte VERSION = 1;
    private static final int MASTER_KEY_BYTES = 32;
    private static final Pattern NAME = Pattern.compile("(shared|t\\d{1,20})-(\\d{1,9})");
    private static final String SUFFIX = ".key";

    private final Path directory;
    private final LongSupplier random;

    FileKeyVault(Path directory, LongSupplier random) {
        this.directory = directory;
        this.random = random;
        if (!Files.isDirectory(directory)) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "key directory " + directory
                            + " does not exist: create it, and in it shared-1.key, a file of 32 random bytes with permissions"
                            + " rw-------");
        }
    }

    @Override
    public byte[] wrap(TenantId tenant, byte[] dataKey) {
        List<String> own = names(tenant.toString());
        List<String> usable = own.isEmpty() ? names("shared") : own;
        if (usable.isEmpty()) {
            throw new TidalException(
                    ErrorCode.KEY_UNAVAILABLE,
                    "key directory " + directory + " has no master key for tenant " + tenant + ": expected " + tenant
                            + "-1.key or shared-1.key, a file of 32 random bytes with permissions rw-------; the same on"
                            + " all nodes");
        }
        String name = usable.get(usable.size() - 1);
        byte[] master = read(name);
        byte[] nonce = KeyRing.random(random, AesGcm.NONCE_BYTES);
        ByteBuffer head = head(name);
        ByteBuffer wrapped = ByteBuffer.allocate(
                        head.remaining() + AesGcm.NONCE_BYTES + dataKey.length + AesGcm.TAG_BYTES)
                .put(head.duplicate())
                .put(nonce);
        try {
            AesGcm.encrypt(AesGcm.key(master), nonce, additional(head, tenant), ByteBuffer.wrap(dataKey), wrapped);
        } finally {
            Arrays.fill(master, (byte) 0);
        }
        return wrapped.array();
    }

    @Override
    public byte[] unwrap(TenantId tenant, byte[] wrapped) {
        ByteBuffer in = ByteBuffer.wrap(wrapped);
        String name = name(in).orElseThrow(() -> new TidalException(
                ErrorCode.KEY_UNAVAILABLE,
                "a data key of tenant " + tenant
                        + " was not wrapped by a key directory of this version: expected the vault that wrapped it"));
        byte[] master = read(name);
        byte[] nonce = new byte[AesGcm.NONCE_BYTES];
        in.get(nonce);
        ByteBuffer dataKey;
        try {
            dataKey = AesGcm.decrypt(AesGcm.key(master), nonce, additional(head(name), tenant), in);
        } finally {
            Arrays.fill(master, (byte) 0);
        }
        if (dataKey == null || dataKey.remaining() != DATA_KEY_BYTES) {
            throw new TidalException(
                    ErrorCode.KEY_UNAVAILABLE,
                    "master key " + file(name) + " is not the one with which a data key of tenant " + tenant
                            + " was wrapped: expected the same file as then");
        }
        return dataKey.array();
    }

    private static Optional<String> name(ByteBuffer in) {
        if (in.remaining() < 2 || in.get() != VERSION) {
            return Optional.empty();
        }
        int length = Byte.toUnsignedInt(in.get());
        if (in.remaining() < length + AesGcm.NONCE_BYTES + AesGcm.TAG_BYTES) {
            return Optional.empty();
        }
        byte[] name = new byte[length];
        in.get(name);
        // It becomes the name of a file.
        return Optional.of(new String(name, StandardCharsets.US_ASCII))
                .filter(text -> NAME.matcher(text).matches());
    }

    @Override
    public void destroy(TenantId tenant) {
        for (String name : names(tenant.toString())) {
            Path file = file(name);
            try {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.write(ByteBuffer.allocate(MASTER_KEY_BYTES), 0);
                    channel.force(true);
                }
                Files.deleteIfExists(file);
                try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
                    entries.force(true);
                }
            } catch (NoSuchFileException e) {
                // Another node that shares the directory was faster.
            } catch (IOException e) {
                throw new TidalException(
                        ErrorCode.KEY_UNAVAILABLE, "master key " + file + " can't be destroyed: " + e.getMessage(), e);
            }
        }
    }

    /** Returns the names of the master keys of an owner, the oldest first. */
    private List<String> names(String owner) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(file -> file.endsWith(SUFFIX))
                    .map(file -> file.substring(0, file.length() - SUFFIX.length()))
                    .filter(name -> {
                        Matcher matcher = NAME.matcher(name);
                        return matcher.matches() && matcher.group(1).equals(owner);
                    })
                    .sorted((one, other) -> Integer.compare(number(one), number(other)))
                    .toList();
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    private static int number(String name) {
        return Integer.parseInt(name.substring(name.lastIndexOf('-') + 1));
    }

    private byte[] read(String name) {
        Path file = file(name);
        try {
            Optional<String> problem = OwnerOnly.problem(file);
            if (problem.isPresent()) {
                throw new TidalException(ErrorCode.KEY_UNAVAILABLE, "master key " + file + " " + problem.get());
            }
            byte[] key = Files.readAllBytes(file);
            if (key.length != MASTER_KEY_BYTES) {
                throw new TidalException(
                        ErrorCode.KEY_UNAVAILABLE,
                        "master key " + file + " has " + key.length + " bytes: expected " + MASTER_KEY_BYTES
                                + " random ones");
            }
            return key;
        } catch (NoSuchFileException e) {
            throw new TidalException(
                    ErrorCode.KEY_UNAVAILABLE, "master key " + file + " does not exist: put it back", e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private Path file(String name) {
        return directory.resolve(name + SUFFIX);
    }

    private static ByteBuffer head(String name) {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(2 + text.length)
                .put(VERSION)
                .put((byte) text.length)
                .put(text)
                .flip();
    }

    private static ByteBuffer additional(ByteBuffer head, TenantId tenant) {
        return ByteBuffer.allocate(head.remaining() + Long.BYTES)
                .put(head.duplicate())
                .putLong(tenant.value())
                .flip();
    }

    private static TidalException unreadable(Path file, IOException e) {
        return new TidalException(ErrorCode.KEY_UNAVAILABLE, file + " can't be read: " + e.getMessage(), e);
    }
}
