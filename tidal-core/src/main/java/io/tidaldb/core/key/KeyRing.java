package io.tidaldb.core.key;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/**
 * The data keys of a tenant, in memory: with the newest one everything is sealed, and by the number before it everything is opened. A tenant
 * that is not encrypted has {@link #NONE}; one whose keys are not to be had has a ring that opens and seals nothing.
 *
 * <p>What is sealed: u32 key id, 12 bytes of nonce, cipher text, 16 bytes of tag; little-endian. The nonce is random: a counter would begin
 * anew in a copy of a directory, or after a crash that lost what it had counted. Two are equal with a probability below 2^-32 as long as a
 * key seals at most 2^32 times, so {@link #isWorn} asks for another one long before.
 *
 * <p>Safe for any number of threads.
 */
public final class KeyRing {

    /** Of a tenant that is not encrypted. */
    public static final KeyRing NONE = new KeyRing(TenantId.DEFAULT, new TreeMap<>(), null, () -> 0);

    /** What sealing adds to what is sealed, in bytes. */
    public static final int SEAL_BYTES = Integer.BYTES + AesGcm.NONCE_BYTES + AesGcm.TAG_BYTES;

    // A process that is started again begins to count anew: sixteen lives of a key in each process are far within 2^32.
    private static final long WORN = 1L << 28;

    private final TenantId tenant;
    private final SortedMap<Integer, SecretKey> keys;
    private final @Nullable TidalException suspension;
    private final LongSupplier random;
    private final AtomicLong sealed = new AtomicLong();

    private KeyRing(
            TenantId tenant,
            SortedMap<Integer, SecretKey> keys,
            @Nullable TidalException suspension,
            LongSupplier random) {
        this.tenant = tenant;
        this.keys = keys;
        this.suspension = suspension;
        this.random = random;
    }

    /**
     * Unwraps a tenant's keys.
     *
     * @param random gives 64 unpredictable bits each time
     * @throws TidalException KEY_UNAVAILABLE
     */
    public static KeyRing of(TenantId tenant, List<WrappedKey> wrapped, KeyVault vault, LongSupplier random) {
        SortedMap<Integer, SecretKey> keys = new TreeMap<>();
        for (WrappedKey each : wrapped) {
            keys.put(each.id(), AesGcm.key(vault.unwrap(tenant, each.bytes())));
        }
        return new KeyRing(tenant, keys, null, random);
    }

    /** Returns a new data key, wrapped. */
    public static WrappedKey newKey(TenantId tenant, int id, KeyVault vault, LongSupplier random, long createdMillis) {
        byte[] dataKey = random(random, KeyVault.DATA_KEY_BYTES);
        try {
            return WrappedKey.of(id, vault.wrap(tenant, dataKey), createdMillis);
        } finally {
            Arrays.fill(dataKey, (byte) 0);
        }
    }

    /** Returns the ring of a tenant whose keys are not to be had. */
    public static KeyRing suspended(TenantId tenant, String why, @Nullable TidalException cause) {
        return new KeyRing(
                tenant,
                new TreeMap<>(),
                new TidalException(ErrorCode.TENANT_SUSPENDED, "tenant " + tenant + " is suspended: " + why, cause),
                () -> 0);
    }

    /** Returns why nothing of the tenant is read or written; null if it is. */
    public @Nullable TidalException suspension() {
        return suspension;
    }

    /** Returns whether what is stored is sealed. */
    public boolean isSealing() {
        return this != NONE;
    }

    /** Returns whether the newest key has sealed so much that another one should follow it. */
    public boolean isWorn() {
        return sealed.get() >= WORN;
    }

    /** Returns whether another ring can do what this one can: it has the same keys, or is suspended for the same reason. */
    public boolean isSameAs(KeyRing other) {
        return keys.keySet().equals(other.keys.keySet()) && Objects.equals(reason(this), reason(other));
    }

    private static @Nullable String reason(KeyRing ring) {
        return ring.suspension == null ? null : ring.suspension.getMessage();
    }

    /** Returns whether a batch can be opened, or need not be. */
    public boolean has(WalBatch batch) {
        return !batch.isSealed() || keys.containsKey(batch.payload().getInt(0));
    }

    /**
     * Returns a batch with its content, the same one if it is not sealed.
     *
     * @throws TidalException TENANT_SUSPENDED if the key is not to be had; CORRUPT_DATA if the batch is not what was sealed with it
     */
    public WalBatch open(WalBatch batch) {
        if (!batch.isSealed()) {
            return batch;
        }
        byte[] header = new byte[WalBatch.HEADER_BYTES];
        batch.copyUnchainedHeader(header);
        ByteBuffer content = open(ByteBuffer.wrap(header), batch.payload());
        if (content == null) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "the batch at seqno " + batch.firstSeqno() + " of tenant " + tenant
                            + " is not what was sealed with its key");
        }
        return batch.opened(content);
    }

    /** Returns a cursor whose batches have their content, the same one for a tenant that is not encrypted. */
    public WalCursor open(WalCursor cursor) {
        return isSealing() ? new OpeningCursor(cursor) : cursor;
    }

    /** Returns what is under a seal; null if it is not what was sealed. Moves the position to the limit. */
    @Nullable
    ByteBuffer open(ByteBuffer additional, ByteBuffer sealedBytes) {
        ByteBuffer in = sealedBytes.order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() < SEAL_BYTES) {
            return null;
        }
        SecretKey key = key(in.getInt());
        byte[] nonce = new byte[AesGcm.NONCE_BYTES];
        in.get(nonce);
        return AesGcm.decrypt(key, nonce, additional, in);
    }

    private SecretKey key(int id) {
        if (suspension != null) {
            throw suspension;
        }
        SecretKey key = keys.get(id);
        if (key == null) {
            throw new TidalException(
                    ErrorCode.TENANT_SUSPENDED,
                    "key " + Integer.toUnsignedString(id) + " of tenant " + tenant
                            + ", with which something of it was sealed, was never agreed on: expected one of "
                            + keys.keySet() + "; restore the control log that belongs to this directory");
        }
        return key;
    }

    /**
     * Seals what remains of the plain bytes into the target, and moves both positions.
     *
     * @param additional is not stored, and has to be the same when the seal is opened
     * @throws TidalException TENANT_SUSPENDED if there is no key
     */
    public void seal(ByteBuffer additional, ByteBuffer plain, ByteBuffer target) {
        if (suspension != null) {
            throw suspension;
        }
        int id = keys.lastKey();
        byte[] nonce = random(random, AesGcm.NONCE_BYTES);
        target.order(ByteOrder.LITTLE_ENDIAN).putInt(id).put(nonce);
        AesGcm.encrypt(key(id), nonce, additional, plain, target);
        sealed.incrementAndGet();
    }

    TenantId tenant() {
        return tenant;
    }

    long nextRandom() {
        return random.getAsLong();
    }

    /** Returns random bytes. */
    static byte[] random(LongSupplier random, int count) {
        ByteBuffer bytes = ByteBuffer.allocate((count + Long.BYTES - 1) / Long.BYTES * Long.BYTES);
        while (bytes.hasRemaining()) {
            bytes.putLong(random.getAsLong());
        }
        return Arrays.copyOf(bytes.array(), count);
    }

    private final class OpeningCursor implements WalCursor {

        private final WalCursor stored;

        OpeningCursor(WalCursor stored) {
            this.stored = stored;
        }

        @Override
        public @Nullable WalBatch next() {
            WalBatch batch = stored.next();
            return batch == null ? null : open(batch);
        }

        @Override
        public void close() {
            stored.close();
        }
    }
}
