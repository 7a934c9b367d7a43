package io.tidaldb.testkit.fuzz;

import com.sun.management.ThreadMXBean;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What Jazzer calls. The system property {@code tidal.fuzz.decoders} names the enum of {@link Decoder}s, {@code tidal.fuzz.decoder} one of its
 * constants; without that the first byte of each input says which one reads the rest.
 *
 * <p>A decoder must read or refuse: by a {@link TidalException} that is no internal error, within memory that is a multiple of its input.
 */
public final class Fuzzing {

    private static final long BYTES_EACH = 256;
    private static final long BYTES_ALWAYS = 4 << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Fuzzing() {}

    private static final class Chosen {

        private static final List<Decoder> DECODERS = chosen();

        private static List<Decoder> chosen() {
            String only = System.getProperty("tidal.fuzz.decoder");
            try {
                List<Decoder> all = all(Class.forName(System.getProperty("tidal.fuzz.decoders")));
                return only == null
                        ? all
                        : all.stream().filter(each -> each.name().equals(only)).toList();
            } catch (ClassNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    static List<Decoder> all(Class<?> decoders) {
        List<Decoder> all = new ArrayList<>();
        for (Object each : decoders.getEnumConstants()) {
            all.add((Decoder) each);
        }
        return all;
    }

    /** Loads what decoders need: that takes long on a busy machine, and is not the first input's fault. */
    public static void fuzzerInitialize() {
        Chosen.DECODERS.forEach(each -> each.examples().forEach(example -> check(each, example)));
    }

    /** Hands an input to the decoder that it is for. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        List<Decoder> decoders = Chosen.DECODERS;
        if (decoders.size() == 1) {
            check(decoders.get(0), bytes);
        } else if (bytes.length > 0) {
            check(
                    decoders.get(Byte.toUnsignedInt(bytes[0]) % decoders.size()),
                    Arrays.copyOfRange(bytes, 1, bytes.length));
        }
    }

    /** Returns an input for all decoders of which one is to read some bytes. */
    static byte[] addressed(int decoder, byte[] bytes) {
        byte[] all = new byte[1 + bytes.length];
        all[0] = (byte) decoder;
        System.arraycopy(bytes, 0, all, 1, bytes.length);
        return all;
    }

    /** Lets a decoder read bytes as they are, and with checksums that are right. */
    static void check(Decoder decoder, byte[] bytes) {
        byte[] sealed = decoder.sealed(bytes.clone());
        read(decoder, bytes);
        if (!Arrays.equals(sealed, bytes)) {
            read(decoder, sealed);
        }
    }

    private static void read(Decoder decoder, byte[] bytes) {
        long bound = BYTES_ALWAYS + BYTES_EACH * bytes.length;
        // What is loaded for the first time takes memory as well, but not again.
        long allocated = allocatedBy(decoder, bytes);
        if (allocated > bound) {
            allocated = allocatedBy(decoder, bytes);
        }
        if (allocated > bound) {
            throw new AssertionError(decoder.name() + " allocates " + allocated + " bytes for " + bytes.length);
        }
    }

    private static long allocatedBy(Decoder decoder, byte[] bytes) {
        byte[] own = bytes.clone();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            decoder.read(own);
        } catch (TidalException e) {
            if (e.code() == ErrorCode.INTERNAL) {
                throw new AssertionError(decoder.name() + " refuses with an internal error: " + e, e);
            }
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
