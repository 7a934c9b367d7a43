package io.tidaldb.core.runtime;

import java.nio.ByteBuffer;
import java.security.SecureRandom;

/** Unpredictable bits of this machine. They are fetched many at a time: each seal of a batch needs some. */
public final class SystemRandom implements RandomSource {

    private static final int FETCHED_BYTES = 512;

    private final SecureRandom random = new SecureRandom();
    private final ByteBuffer fetched = ByteBuffer.allocate(FETCHED_BYTES).limit(0);

    @Override
    public synchronized long nextLong() {
        if (!fetched.hasRemaining()) {
            random.nextBytes(fetched.array());
            fetched.clear();
        }
        // A key that is made of it is not to stay here.
        int at = fetched.position();
        long next = fetched.getLong();
        fetched.putLong(at, 0);
        return next;
    }
}
