package io.tidaldb.core;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Spoils bytes as damage, old versions and enemies do: bits, lengths, counts, cuts, copies and splices. */
final class Mutator {

    private static final int MAX_BYTES = 4096;
    private static final int[] EDGES = {
        0, 1, -1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, Integer.MAX_VALUE, Integer.MIN_VALUE, 0x15030100, 1 << 24
    };

    private final SplittableRandom random;
    private final List<byte[]> corpus;

    Mutator(long seed, List<byte[]> corpus) {
        this.random = new SplittableRandom(seed);
        this.corpus = corpus;
    }

    byte[] next() {
        byte[] bytes = corpus.get(random.nextInt(corpus.size())).clone();
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            bytes = change(bytes);
        }
        return bytes.length > MAX_BYTES ? Arrays.copyOf(bytes, MAX_BYTES) : bytes;
    }

    private byte[] change(byte[] bytes) {
        if (bytes.length == 0) {
            return new byte[] {(byte) random.nextInt(256)};
        }
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(7)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt(256);
            case 2 -> putEdge(bytes, at);
            case 3 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 4 -> {
                byte[] longer = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(40));
                Arrays.fill(longer, bytes.length, longer.length, (byte) random.nextInt(256));
                return longer;
            }
            case 5 -> {
                int length = Math.min(bytes.length - at, 1 + random.nextInt(16));
                System.arraycopy(bytes, at, bytes, random.nextInt(bytes.length - length + 1), length);
            }
            default -> {
                byte[] other = corpus.get(random.nextInt(corpus.size()));
                int from = random.nextInt(other.length + 1);
                byte[] spliced = Arrays.copyOf(bytes, at + other.length - from);
                System.arraycopy(other, from, spliced, at, other.length - from);
                return spliced;
            }
        }
        return bytes;
    }

    private void putEdge(byte[] bytes, int at) {
        int edge = EDGES[random.nextInt(EDGES.length)];
        int width = 1 << random.nextInt(3);
        boolean big = random.nextBoolean();
        for (int i = 0; i < width && at + i < bytes.length; i++) {
            bytes[at + i] = (byte) (edge >> 8 * (big ? width - 1 - i : i));
        }
    }
}
