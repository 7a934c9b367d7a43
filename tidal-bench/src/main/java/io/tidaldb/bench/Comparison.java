package io.tidaldb.bench;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The rounds of a contender and of the reference, side by side. */
final class Comparison {

    static final String REFERENCE = "ref-writer";

    private final Map<String, List<Phase>> phases = new LinkedHashMap<>();

    /** Returns the rounds by contender, in order. */
    @JsonValue
    Map<String, List<Phase>> phases() {
        return phases;
    }

    void add(String contender, Phase phase) {
        phases.computeIfAbsent(contender, key -> new ArrayList<>()).add(phase);
    }

    /** Returns the columns of a table's head: rate and latency of both, and the ratio. */
    static String head(String contender) {
        return " " + REFERENCE + " records/s | p50 µs | p99 µs | " + contender
                + " records/s | p50 µs | p99 µs | of the reference |\n";
    }

    /** Returns the columns of a row that {@link #head} names. */
    String row(String contender) {
        StringBuilder row = new StringBuilder();
        for (String each : List.of(REFERENCE, contender)) {
            row.append(String.format(
                    Locale.ROOT,
                    " %,.0f | %.0f | %.0f |",
                    median(each, Phase::recordsPerSecond),
                    median(each, Phase::ackP50Micros),
                    median(each, Phase::ackP99Micros)));
        }
        return row.append(String.format(Locale.ROOT, " %.2f |%n", ratio(contender)))
                .toString();
    }

    private double median(String contender, ToDoubleFunction<Phase> figure) {
        return Medians.of(phases.getOrDefault(contender, List.of()).stream()
                .mapToDouble(figure)
                .toArray());
    }

    /** The median of the rounds' ratios, not the ratio of medians: what disturbed one round disturbed both contenders. */
    private double ratio(String contender) {
        List<Phase> own = phases.getOrDefault(contender, List.of());
        List<Phase> reference = phases.getOrDefault(REFERENCE, List.of());
        double[] ratios = new double[own.size()];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = own.get(i).recordsPerSecond() / reference.get(i).recordsPerSecond();
        }
        return Medians.of(ratios);
    }
}
