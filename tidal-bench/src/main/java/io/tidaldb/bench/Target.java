package io.tidaldb.bench;

import java.util.Locale;

/**
 * What a contender is to reach.
 *
 * @param ofReference whether the figure counts as a ratio to the reference's in the same round
 * @param least whether the bound is the least, not the most
 */
record Target(String contender, Figure figure, boolean ofReference, boolean least, double bound) {

    static Target rateOfReference(String contender, double bound) {
        return new Target(contender, Figure.RATE, true, true, bound);
    }

    static Target atMost(String contender, Figure figure, double bound) {
        return new Target(contender, figure, false, false, bound);
    }

    static Target atMostOfReference(String contender, Figure figure, double bound) {
        return new Target(contender, figure, true, false, bound);
    }

    boolean isMet(double value) {
        return least ? value >= bound : value <= bound;
    }

    @Override
    public String toString() {
        String number = bound == Math.rint(bound)
                ? String.format(Locale.ROOT, "%.0f", bound)
                : String.format(Locale.ROOT, "%s", bound);
        String what = ofReference && figure == Figure.RATE ? "" : " " + figure.text();
        return (least ? "≥ " : "≤ ") + number + what + (ofReference ? " of the reference" : "");
    }
}
