package io.tidaldb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import io.tidaldb.api.key.KeyVaultContext;
import io.tidaldb.api.key.KeyVaultFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link KeyVault} promises. */
@Tag("F-73")
public abstract class KeyVaultContract {

    /** The tenant that has a master key of its own. */
    protected static final TenantId OWN = TenantId.of(42);

    /** A tenant that shares a master key with others. */
    protected static final TenantId SHARED = TenantId.of(7);

    /** What the vault is given; empty, and for its owner only. */
    @TempDir
    protected Path directory;

    private final Random random = new Random(73);

    /** Creates the suite. */
    protected KeyVaultContract() {}

    /** Returns the factory under test. */
    protected abstract KeyVaultFactory factory();

    /** Makes a newer master key, for {@link #OWN} alone or for all that have none of their own. */
    protected abstract void addMasterKey(boolean own) throws IOException;

    /** Takes the newest master key that is for {@link #OWN} alone away, and returns what puts it back. */
    protected abstract AutoCloseable withoutOwnMasterKey() throws IOException;

    /** Lets others read the newest master key that is for {@link #OWN} alone, and returns what forbids it again. */
    protected abstract AutoCloseable exposedOwnMasterKey() throws IOException;

    @BeforeEach
    void prepare() throws IOException {
        addMasterKey(false);
        addMasterKey(true);
    }

    private KeyVault open() {
        return factory().create(new KeyVaultContext(directory, random::nextLong));
    }

    private byte[] dataKey() {
        byte[] key = new byte[KeyVault.DATA_KEY_BYTES];
        random.nextBytes(key);
        return key;
    }

    private static void unavailable(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KEY_UNAVAILABLE));
    }

    @Test
    void factoryHasAProperNameAndStatesItsVersions() {
        assertThat(factory().name()).matches("[a-z0-9-]{1,32}");
        assertThat(factory().spiVersion()).isEqualTo(Spi.VERSION);
        assertThat(factory().version()).isNotBlank();
    }

    @Test
    void unwrapsWhatItWrappedInAnyProcess() {
        for (TenantId tenant : new TenantId[] {OWN, SHARED, TenantId.of(-1), TenantId.DEFAULT}) {
            byte[] key = dataKey();
            byte[] given = key.clone();
            byte[] wrapped = open().wrap(tenant, given);
            assertThat(given).isEqualTo(key);
            assertThat(wrapped).hasSizeLessThanOrEqualTo(KeyVault.MAX_WRAPPED_BYTES);
            assertThat(hex(wrapped)).doesNotContain(hex(key));
            assertThat(open().unwrap(tenant, wrapped)).isEqualTo(key);
            assertThat(open().wrap(tenant, key)).isNotEqualTo(wrapped);
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void unwrapsWhatOlderMasterKeysWrapped() throws IOException {
        byte[] key = dataKey();
        byte[] own = open().wrap(OWN, key);
        byte[] shared = open().wrap(SHARED, key);
        addMasterKey(true);
        addMasterKey(false);
        assertThat(open().unwrap(OWN, own)).isEqualTo(key);
        assertThat(open().unwrap(SHARED, shared)).isEqualTo(key);
        assertThat(open().unwrap(OWN, open().wrap(OWN, key))).isEqualTo(key);
    }

    @Test
    void bindsAKeyToItsTenant() {
        byte[] wrapped = open().wrap(SHARED, dataKey());
        unavailable(() -> open().unwrap(TenantId.of(8), wrapped));
        unavailable(() -> open().unwrap(OWN, wrapped));
    }

    @Test
    void noticesEveryFlippedBit() {
        KeyVault vault = open();
        byte[] wrapped = vault.wrap(OWN, dataKey());
        for (int bit = 0; bit < wrapped.length * Byte.SIZE; bit++) {
            byte[] changed = wrapped.clone();
            changed[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            unavailable(() -> vault.unwrap(OWN, changed));
        }
        for (int length = 0; length < wrapped.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(wrapped, length);
            unavailable(() -> vault.unwrap(OWN, cut));
        }
    }

    @Test
    void failsWithoutTheMasterKeyAndGoesOnWithIt() throws Exception {
        KeyVault vault = open();
        byte[] key = dataKey();
        byte[] wrapped = vault.wrap(OWN, key);
        byte[] shared = vault.wrap(SHARED, key);
        try (AutoCloseable restored = withoutOwnMasterKey()) {
            assertThat(restored).isNotNull();
            unavailable(() -> vault.unwrap(OWN, wrapped));
            assertThat(vault.unwrap(SHARED, shared)).isEqualTo(key);
        }
        assertThat(vault.unwrap(OWN, wrapped)).isEqualTo(key);
    }

    @Test
    void refusesAMasterKeyThatOthersCouldRead() throws Exception {
        KeyVault vault = open();
        byte[] key = dataKey();
        byte[] wrapped = vault.wrap(OWN, key);
        try (AutoCloseable restored = exposedOwnMasterKey()) {
            assertThat(restored).isNotNull();
            unavailable(() -> vault.unwrap(OWN, wrapped));
            unavailable(() -> vault.wrap(OWN, key));
        }
        assertThat(vault.unwrap(OWN, wrapped)).isEqualTo(key);
    }

    @Test
    void destroysWhatIsMeantForATenantAlone() throws IOException {
        addMasterKey(true);
        KeyVault vault = open();
        byte[] key = dataKey();
        byte[] wrapped = vault.wrap(OWN, key);
        byte[] shared = vault.wrap(SHARED, key);
        vault.destroy(OWN);
        vault.destroy(OWN);
        vault.destroy(SHARED);
        unavailable(() -> vault.unwrap(OWN, wrapped));
        unavailable(() -> open().unwrap(OWN, wrapped));
        assertThat(vault.unwrap(SHARED, shared)).isEqualTo(key);
        // It has none of its own any more.
        assertThat(vault.unwrap(OWN, vault.wrap(OWN, key))).isEqualTo(key);
    }

    @Test
    void namesNoByteOfAKey() {
        KeyVault vault = open();
        byte[] key = dataKey();
        byte[] wrapped = vault.wrap(OWN, key);
        assertThatThrownBy(() -> vault.unwrap(SHARED, wrapped)).satisfies(e -> {
            String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
            assertThat(message).doesNotContain(hex(key)).doesNotContain(hex(wrapped));
        });
    }

    @Test
    void isSafeForManyThreads() throws InterruptedException, ExecutionException {
        KeyVault vault = open();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                TenantId tenant = TenantId.of(40 + i);
                byte[] key = dataKey();
                done.add(threads.submit(() -> {
                    for (int j = 0; j < 50; j++) {
                        assertThat(vault.unwrap(tenant, vault.wrap(tenant, key)))
                                .isEqualTo(key);
                    }
                }));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
