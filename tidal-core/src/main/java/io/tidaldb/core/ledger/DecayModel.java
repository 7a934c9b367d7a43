package io.tidaldb.core.ledger;

/**
 * Exponential decay with the same bits on every machine: 2^(−elapsed ÷ half-life) from a fixed table and + − × ÷ alone, which Java defines
 * exactly since version 17, whereas the compiled form of {@code Math.exp} and {@code Math.pow} may differ between processors.
 *
 * <ul>
 *   <li>The factor lies in [0, 1] and is 1 for no elapsed time.
 *   <li>Its relative error is below 1e-12 down to the smallest normal double, and it is 0 beyond.
 *   <li>It never grows as time passes, not even by a rounding: see {@link #STEPS}.
 * </ul>
 */
public final class DecayModel {

    private static final int TABLE_BITS = 10;

    /**
     * The fraction of a half-life is cut down to a multiple of 2^−48. One step then lowers the factor by 2.4e-15 of itself, at least 11 units
     * in the last place, while table, polynomial and their product are together wrong by less than 4: so neighbours cannot change places.
     */
    private static final double STEPS = 0x1p48;

    private static final int REST_BITS = 48 - TABLE_BITS;
    private static final long REST_MASK = (1L << REST_BITS) - 1;

    /** 2^(−i ÷ 1024). StrictMath is fdlibm everywhere, so the table has the same bits everywhere. */
    private static final double[] TABLE = new double[1 << TABLE_BITS];

    /** −ln 2 ÷ 2^48: turns steps of the rest into an exponent of e. The rest is below 6.8e-4, so four terms leave 1.2e-18. */
    private static final double REST_SCALE = -0.6931471805599453 / STEPS;

    /** Beyond this many half-lives nothing is left of any double that a sum of f32 weights can reach. */
    private static final double HORIZON = 1300;

    static {
        for (int i = 0; i < TABLE.length; i++) {
            TABLE[i] = StrictMath.pow(2, -i / (double) TABLE.length);
        }
    }

    private DecayModel() {}

    /**
     * Returns the sum of two scores as of the later of their times. What is merged into a ledger and what a read adds up goes through here
     * alike, so that it makes no difference to a read whether what it adds up was merged before.
     */
    static double sum(double score, long nanos, double other, long otherNanos, double halfLifeNanos) {
        long lastNanos = Math.max(nanos, otherNanos);
        return score * factor(lastNanos - nanos, halfLifeNanos) + other * factor(lastNanos - otherNanos, halfLifeNanos);
    }

    /**
     * Returns what is left of a weight of 1 after some time.
     *
     * @param elapsedNanos not negative
     * @param halfLifeNanos positive
     */
    public static double factor(long elapsedNanos, double halfLifeNanos) {
        if (elapsedNanos == 0) {
            return 1;
        }
        double halfLives = elapsedNanos / halfLifeNanos;
        if (!(halfLives < HORIZON)) {
            return 0;
        }
        int whole = (int) halfLives;
        long steps = (long) ((halfLives - whole) * STEPS);
        double z = (steps & REST_MASK) * REST_SCALE;
        double rest = 1 + z * (1 + z * (0.5 + z * (1.0 / 6 + z * (1.0 / 24))));
        double fraction = TABLE[(int) (steps >>> REST_BITS)] * rest;
        return whole <= 1000
                ? fraction * Double.longBitsToDouble((long) (Double.MAX_EXPONENT - whole) << 52)
                : Math.scalb(fraction, -whole);
    }
}
