package com.example.forage;

import java.util.Locale;

/**
 * A text as a direction: its words' runs of three to five letters, hashed into a fixed number of dimensions, each counted with a sign that the
 * hash gives it, too. Texts that share words, or stems of words, point in similar directions. It knows no meaning beyond that: "boat" and
 * "ship" are strangers. It needs no model, no network, and the same text is the same direction everywhere.
 */
record Embedding(float[] direction) {

    private static final int DIMENSIONS = 512;

    static Embedding of(String text) {
        float[] sum = new float[DIMENSIONS];
        for (String word : text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+")) {
            String framed = "<" + word + ">";
            for (int length = 3; length <= 5; length++) {
                for (int start = 0; start + length <= framed.length(); start++) {
                    int hash = mixed(framed.substring(start, start + length).hashCode());
                    sum[Integer.remainderUnsigned(hash, DIMENSIONS)] += hash < 0 ? -1 : 1;
                }
            }
        }
        return new Embedding(normalized(sum));
    }

    /** Returns the cosine of the angle between two texts: 1 for the same, about 0 for strangers. */
    double similarity(Embedding other) {
        double sum = 0;
        for (int i = 0; i < DIMENSIONS; i++) {
            sum += direction[i] * other.direction[i];
        }
        return sum;
    }

    private static float[] normalized(float[] sum) {
        double squares = 0;
        for (float each : sum) {
            squares += each * each;
        }
        for (int i = 0; i < sum.length && squares > 0; i++) {
            sum[i] /= (float) Math.sqrt(squares);
        }
        return sum;
    }

    // The finalizer of MurmurHash3: String.hashCode alone puts similar runs beside each other.
    private static int mixed(int hash) {
        int h = (hash ^ hash >>> 16) * 0x85ebca6b;
        h = (h ^ h >>> 13) * 0xc2b2ae35;
        return h ^ h >>> 16;
    }
}
