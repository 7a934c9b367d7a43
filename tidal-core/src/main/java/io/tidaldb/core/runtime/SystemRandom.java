package io.tidaldb.core.runtime;

import java.security.SecureRandom;

/** Unpredictable bits of this machine. */
public final class SystemRandom implements RandomSource {

    private final SecureRandom random = new SecureRandom();

    @Override
    public long nextLong() {
        return random.nextLong();
    }
}
