package io.tidaldb.core.backup;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The digest over a part of a backup. */
final class Sha256 {

    static final int BYTES = 32;

    private Sha256() {}

    static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new TidalException(ErrorCode.INTERNAL, "every JDK has SHA-256", e);
        }
    }
}
