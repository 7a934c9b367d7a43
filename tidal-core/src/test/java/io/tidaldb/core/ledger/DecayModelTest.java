package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class DecayModelTest {

    private static final long SEED = 15;

    @Test
    @DisplayName("R-15: the factor is exact to a relative error of 1e-12")
    void isExact() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 200_000; i++) {
            double halfLife = StrictMath.pow(10, 9 + 9.5 * random.nextDouble());
            long elapsed = (long) Math.min(halfLife * 1000 * random.nextDouble(), 9e18);
            // The reference gets the exponent with the rounding error of the quotient taken out of it.
            double quotient = elapsed / halfLife;
            double rest = new BigDecimal(elapsed)
                    .subtract(new BigDecimal(quotient).multiply(new BigDecimal(halfLife)))
                    .divide(new BigDecimal(halfLife), MathContext.DECIMAL64)
                    .doubleValue();
            double expected = StrictMath.pow(2, -quotient) * StrictMath.pow(2, -rest);
            assertThat(DecayModel.factor(elapsed, halfLife) / expected)
                    .as("elapsed %s, half-life %s", elapsed, halfLife)
                    .isCloseTo(1, offset(1e-12));
        }
    }

    @Test
    @DisplayName("R-15: the factor never rises, not even by a rounding, over neighbouring times and table entries")
    void neverRises() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (double halfLife : new double[] {1e9, 3.6e12, 6.048e14, 3.15e18}) {
            for (int i = 0; i < 2_000; i++) {
                long edge = (long) (halfLife * (random.nextInt(3 * 1024) / 1024.0));
                long step = Math.max(1, (long) (halfLife * 0x1p-50));
                double before = Double.POSITIVE_INFINITY;
                for (long elapsed = Math.max(0, edge - 40 * step); elapsed < edge + 40 * step; elapsed += step) {
                    double factor = DecayModel.factor(elapsed, halfLife);
                    assertThat(factor).as("%s of %s", elapsed, halfLife).isBetween(0.0, Math.min(before, 1.0));
                    before = factor;
                }
            }
        }
    }

    @Test
    void halvesAtEachHalfLifeAndVanishesAtLast() {
        assertThat(DecayModel.factor(0, 1e9)).isEqualTo(1);
        assertThat(DecayModel.factor(1_000_000_000L, 1e9)).isEqualTo(0.5);
        assertThat(DecayModel.factor(1_000_000_000_000L, 1e9)).isEqualTo(0x1p-1000);
        assertThat(DecayModel.factor(1_001_000_000_000L, 1e9)).isEqualTo(0x1p-1001);
        assertThat(DecayModel.factor(1_074_000_000_000L, 1e9)).isEqualTo(Double.MIN_VALUE);
        assertThat(DecayModel.factor(Long.MAX_VALUE, 1e9)).isZero();
    }

    @Test
    void hasTheSameBitsEverywhere() {
        long bits = 0;
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 10_000; i++) {
            long elapsed = random.nextLong(Event.DAY * 30);
            bits = 31 * bits + Double.doubleToRawLongBits(DecayModel.factor(elapsed, 8.64e13));
        }
        assertThat(bits).as("taken on x86-64, JDK 17").isEqualTo(GOLDEN_BITS);
        assertThat(DecayModel.factor(86_400_000_000_000L / 2, 8.64e13))
                .isCloseTo(0.7071067811865476, withinPercentage(1e-10));
    }

    private static final long GOLDEN_BITS = -582247209457605124L;
}
