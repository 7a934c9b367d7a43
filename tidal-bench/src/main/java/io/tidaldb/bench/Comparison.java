package io.tidaldb.bench;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The rounds of the contenders and of the reference, side by side. */
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

    /** Returns the columns of a table's head, rule included: rate, latency and ratio to the reference. */
    static String head(int columnsBefore, List<String> contenders) {
        StringBuilder head = new StringBuilder(" " + REFERENCE + " records/s | p50 µs | p99 µs |");
        for (String contender : contenders) {
            head.append(" ").append(contender).append(" records/s | p50 µs | p99 µs | of the reference |");
        }
        return head.append("\n|")
                .append(" --- |".repeat(columnsBefore + 3 + 4 * contenders.size()))
                .append("\n")
                .toString();
    }

    /** Returns the columns of a row that {@link #head} names. */
    String row(List<String> contenders) {
        StringBuilder row = new StringBuilder(figures(REFERENCE));
        for (String contender : contenders) {
            row.append(figures(contender)).append(String.format(Locale.ROOT, " %.2f |", ratio(contender)));
        }
        return row.append(System.lineSeparator()).toString();
    }

    private String figures(String contender) {
        return String.format(
                Locale.ROOT,
                " %,.0f | %.0f | %.0f |",
                median(contender, Phase::recordsPerSecond),
                median(contender, Phase::ackP50Micros),
                median(contender, Phase::ackP99Micros));
    }

    private double median(String contender, ToDoubleFunction<Phase> figure) {
        return Medians.of(phases.getOrDefault(contender, List.of()).stream()
                .mapToDouble(figure)
                .toArray());
    }

    /** The median of the rounds' ratios, not the ratio of medians: what disturbed one round disturbed all contenders. */
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
