package io.tidaldb.core.key;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** AES-256-GCM of the JDK, with a nonce of 12 bytes and a tag of 16. */
final class AesGcm {

    static final int NONCE_BYTES = 12;
    static final int TAG_BYTES = 16;

    private static final String ALGORITHM = "AES/GCM/NoPadding";

    /**
     * To look a cipher up and to set it up the first time costs several times what the seal of a small batch does. One keeps the key that it was
     * used with last until the next use: in memory, as key rings do.
     */
    private static final ThreadLocal<Cipher> CIPHERS = ThreadLocal.withInitial(AesGcm::create);

    private AesGcm() {}

    private static Cipher create() {
        try {
            return Cipher.getInstance(ALGORITHM);
        } catch (GeneralSecurityException e) {
            throw broken(e);
        }
    }

    static SecretKey key(byte[] bytes) {
        return new SecretKeySpec(bytes, "AES");
    }

    /** Encrypts all of the plain text and puts cipher text and tag into the target; moves both positions. */
    static void encrypt(SecretKey key, byte[] nonce, ByteBuffer additional, ByteBuffer plain, ByteBuffer target) {
        try {
            cipher(Cipher.ENCRYPT_MODE, key, nonce, additional).doFinal(plain, target);
        } catch (GeneralSecurityException e) {
            throw broken(e);
        }
    }

    /** Decrypts all of the cipher text and its tag into the target; null if they are not what was encrypted with this key. */
    static @Nullable ByteBuffer decrypt(SecretKey key, byte[] nonce, ByteBuffer additional, ByteBuffer sealed) {
        ByteBuffer plain = ByteBuffer.allocate(Math.max(0, sealed.remaining() - TAG_BYTES));
        try {
            cipher(Cipher.DECRYPT_MODE, key, nonce, additional).doFinal(sealed, plain);
            return plain.flip();
        } catch (AEADBadTagException e) {
            return null;
        } catch (GeneralSecurityException e) {
            throw broken(e);
        }
    }

    private static Cipher cipher(int mode, SecretKey key, byte[] nonce, ByteBuffer additional)
            throws GeneralSecurityException {
        Cipher cipher = CIPHERS.get();
        cipher.init(mode, key, new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce));
        cipher.updateAAD(additional);
        return cipher;
    }

    private static TidalException broken(GeneralSecurityException e) {
        return new TidalException(ErrorCode.INTERNAL, "this JDK can't do " + ALGORITHM + " with 256 bits", e);
    }
}
