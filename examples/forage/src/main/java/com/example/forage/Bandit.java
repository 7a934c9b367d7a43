package com.example.forage;

import org.apache.commons.math3.distribution.BetaDistribution;
import org.apache.commons.math3.random.RandomGenerator;

/**
 * Thompson sampling: how likely an arm pleases is drawn from what is believed of it, a beta distribution. An arm that pleased is drawn high and
 * often; one of which little is known is drawn high now and then, which is how it is explored. Beliefs are made of decayed scores, so an old
 * taste fades. Not thread-safe, as its random numbers are not.
 */
final class Bandit {

    private final RandomGenerator random;

    Bandit(RandomGenerator random) {
        this.random = random;
    }

    /**
     * Draws.
     *
     * @param shown how often, decayed, something of the arm was shown
     * @param liked how often, decayed, it was liked then
     */
    double draw(double shown, double liked) {
        double failures = Math.max(0, shown - liked);
        return new BetaDistribution(random, 1 + liked, 1 + failures, BetaDistribution.DEFAULT_INVERSE_ABSOLUTE_ACCURACY)
                .sample();
    }
}
