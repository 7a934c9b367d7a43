package io.tidaldb.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The rounds of one workload, by contender. What failed says why, and takes none of the others with it. */
final class Outcome {

    private final Workload workload;
    private final Map<String, List<Phase>> rounds = new LinkedHashMap<>();
    private final Map<String, String> failures = new LinkedHashMap<>();

    Outcome(Workload workload) {
        this.workload = workload;
    }

    Workload workload() {
        return workload;
    }

    Map<String, List<Phase>> rounds() {
        return rounds;
    }

    Map<String, String> failures() {
        return failures;
    }

    void add(String contender, Phase phase) {
        rounds.computeIfAbsent(contender, each -> new ArrayList<>()).add(phase);
    }

    void failed(String contender, Exception failure) {
        String message = failure.getMessage();
        failures.put(contender, message == null ? failure.toString() : message);
        rounds.remove(contender);
    }

    /** Returns the median of the rounds; NaN if it was not measured. */
    double median(String contender, Figure figure) {
        return Medians.of(
                of(contender).stream().mapToDouble(each -> each.get(figure)).toArray());
    }

    /** Returns the median of the rounds' ratios, not the ratio of medians: what disturbed one round disturbed all contenders. */
    double ofReference(String contender, Figure figure) {
        List<Phase> own = of(contender);
        List<Phase> reference = of(workload.contenders().keySet().iterator().next());
        return Medians.of(IntStream.range(0, Math.min(own.size(), reference.size()))
                .mapToDouble(round ->
                        own.get(round).get(figure) / reference.get(round).get(figure))
                .toArray());
    }

    double value(Target target) {
        return target.ofReference()
                ? ofReference(target.contender(), target.figure())
                : median(target.contender(), target.figure());
    }

    private List<Phase> of(String contender) {
        return rounds.getOrDefault(contender, List.of());
    }
}
