package io.tidaldb.core.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("F-73: a sealed file")
class SealedFileTest {

    private static final TenantId TENANT = TenantId.of(42);
    private static final int PIECE = 64 << 10;
    private static final int STORED = PIECE + KeyRing.SEAL_BYTES;
    private static final int HEAD = 24;

    private final Random random = new Random(73);
    private final KeyRing keys = ring(1);

    /** Keys that are wrapped by nothing. */
    private static final class OpenVault implements KeyVault {

        @Override
        public byte[] wrap(TenantId tenant, byte[] dataKey) {
            return dataKey.clone();
        }

        @Override
        public byte[] unwrap(TenantId tenant, byte[] wrapped) {
            return wrapped.clone();
        }

        @Override
        public void destroy(TenantId tenant) {
            throw new AssertionError("nobody asks for it");
        }
    }

    private KeyRing ring(int id) {
        KeyVault vault = new OpenVault();
        return KeyRing.of(
                TENANT, List.of(KeyRing.newKey(TENANT, id, vault, random::nextLong, 0)), vault, random::nextLong);
    }

    private byte[] content(int bytes) {
        byte[] content = new byte[bytes];
        random.nextBytes(content);
        return content;
    }

    private byte[] seal(byte[] content) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (OutputStream out = SealedFile.writing(file, keys)) {
            int half = content.length / 2;
            for (int i = 0; i < Math.min(3, half); i++) {
                out.write(content[i]);
            }
            int begun = Math.min(3, half);
            out.write(content, begun, half - begun);
            out.write(content, half, content.length - half);
        }
        return file.toByteArray();
    }

    private static byte[] open(byte[] file, KeyRing with) throws IOException {
        try (InputStream in = SealedFile.reading(new ByteArrayInputStream(file), "the file", file.length, with)) {
            return in.readAllBytes();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 100, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7})
    void readsBack(int bytes) throws IOException {
        byte[] content = content(bytes);
        byte[] file = seal(content);
        assertThat(SealedFile.contentBytes(file.length, keys)).isEqualTo(bytes);
        assertThat(open(file, keys)).isEqualTo(content);
        assertThat(seal(content)).isNotEqualTo(file);
    }

    private void damaged(byte[] file) {
        assertThatThrownBy(() -> open(file, keys))
                .isInstanceOfSatisfying(
                        TidalException.class,
                        e -> assertThat(e.code()).isIn(ErrorCode.CORRUPT_DATA, ErrorCode.TENANT_SUSPENDED));
    }

    @Test
    @DisplayName(
            "F-73: is refused if a bit is changed, or a piece is left out, exchanged, repeated or from another file")
    void noticesChanges() throws IOException {
        byte[] content = content(3 * PIECE + 7);
        byte[] file = seal(content);
        for (int i = 0; i < 500; i++) {
            byte[] changed = file.clone();
            int at = i < HEAD + KeyRing.SEAL_BYTES ? i : random.nextInt(file.length);
            changed[at] ^= (byte) (1 << random.nextInt(8));
            if (at == 4 || at == 5) {
                assertThatThrownBy(() -> open(changed, keys)).isInstanceOf(TidalException.class);
            } else {
                damaged(changed);
            }
        }
        damaged(Arrays.copyOf(file, HEAD));
        damaged(Arrays.copyOf(file, HEAD + 2 * STORED));
        damaged(Arrays.copyOf(file, HEAD + 3 * STORED));
        damaged(Arrays.copyOf(file, file.length - 1));
        byte[] exchanged = file.clone();
        System.arraycopy(file, HEAD, exchanged, HEAD + STORED, STORED);
        System.arraycopy(file, HEAD + STORED, exchanged, HEAD, STORED);
        damaged(exchanged);
        byte[] mixed = seal(content);
        System.arraycopy(file, HEAD, mixed, HEAD, STORED);
        damaged(mixed);
        damaged(content);
    }

    @Test
    @DisplayName("F-73: says that the tenant is suspended if its key is not there")
    void needsItsKey() throws IOException {
        byte[] file = seal(content(100));
        for (KeyRing other : List.of(ring(2), KeyRing.suspended(TENANT, "its keys are revoked", null))) {
            assertThatThrownBy(() -> open(file, other))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TENANT_SUSPENDED));
        }
        assertThatThrownBy(() -> open(file, ring(1))).hasMessageContaining("damaged");
    }
}
