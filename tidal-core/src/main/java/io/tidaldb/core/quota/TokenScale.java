package io.tidaldb.core.quota;

import io.tidaldb.api.TidalException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * A rate and a burst in whole units, so that nothing is rounded while permits are counted. A permit costs {@code permitUnits}; each
 * second brings {@code unitsPerSecond}.
 *
 * <p>The units follow from the rate as it is written: 0.1/s is 1 unit a second at 10 units a permit, exactly, times a factor that makes
 * a unit shorter than a nanosecond where there is room. Only a rate with too many digits is rounded, down: the limiter then grants a
 * little less than it might, never more.
 */
record TokenScale(long permitUnits, long unitsPerSecond, long burstUnits) {

    static final double MAX_RATE = 1e12;
    static final double MAX_BURST = 1e15;

    // The burst takes at most a quarter of the number circle, so that a position can always be told from one that was
    // lapped.
    private static final BigInteger MAX_UNITS = BigInteger.ONE.shiftLeft(61);
    private static final BigInteger MAX_EXACT = BigInteger.TEN.pow(12);
    private static final int ROUNDED_BITS = 36;

    static TokenScale of(double rate, double burst) {
        BigDecimal written = new BigDecimal(Double.toString(rate)).stripTrailingZeros();
        BigInteger seconds = BigInteger.TEN.pow(Math.max(0, written.scale()));
        BigInteger permits = written.multiply(new BigDecimal(seconds)).toBigIntegerExact();
        BigInteger common = permits.gcd(seconds);
        seconds = seconds.divide(common);
        permits = permits.divide(common);
        // How many units a permit may have for the burst to fit.
        BigInteger room = new BigDecimal(MAX_UNITS)
                .divide(new BigDecimal(burst), 0, RoundingMode.DOWN)
                .toBigInteger();
        if (permits.compareTo(MAX_EXACT) > 0 || seconds.compareTo(MAX_EXACT.min(room)) > 0) {
            return rounded(written, burst, room);
        }
        BigInteger shorterThanNanosecond =
                BigInteger.valueOf(TokenBucketLimiter.SECOND).divide(permits).add(BigInteger.ONE);
        BigInteger factor = shorterThanNanosecond.min(room.divide(seconds));
        return scale(seconds.multiply(factor), permits.multiply(factor), burst);
    }

    private static TokenScale rounded(BigDecimal rate, double burst, BigInteger room) {
        BigInteger permitUnits = new BigDecimal(BigInteger.ONE.shiftLeft(ROUNDED_BITS))
                .divide(rate, 0, RoundingMode.UP)
                .toBigInteger()
                .min(room);
        BigInteger unitsPerSecond = rate.multiply(new BigDecimal(permitUnits)).toBigInteger();
        if (unitsPerSecond.signum() == 0) {
            throw TidalException.invalid(
                    "rate " + rate + "/s is too small for a burst of " + burst + ": expected a smaller burst");
        }
        return scale(permitUnits, unitsPerSecond, burst);
    }

    private static TokenScale scale(BigInteger permitUnits, BigInteger unitsPerSecond, double burst) {
        BigInteger burstUnits =
                new BigDecimal(burst).multiply(new BigDecimal(permitUnits)).toBigInteger();
        return new TokenScale(
                permitUnits.longValueExact(), unitsPerSecond.longValueExact(), burstUnits.longValueExact());
    }
}
