package io.tidaldb.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Workloads that belong together, and what came of them as Markdown and as what JSON is made of. */
final class Table {

    private final String title;
    private final String text;
    private final List<Figure> compared;
    private final List<Workload> workloads = new ArrayList<>();
    private final List<Outcome> outcomes = new ArrayList<>();
    private boolean plotted;

    /**
     * Makes an empty one.
     *
     * @param text what is done, with settings, in Markdown
     * @param compared the figures whose ratios to the reference's are shown
     */
    Table(String title, String text, Figure... compared) {
        this.title = title;
        this.text = text;
        this.compared = List.of(compared);
    }

    Table add(Workload workload) {
        workloads.add(workload);
        return this;
    }

    /** Has its outcomes drawn, too: its contenders are sizes that grow by one factor. */
    Table plotted() {
        plotted = true;
        return this;
    }

    boolean isPlotted() {
        return plotted;
    }

    List<Outcome> outcomes() {
        return outcomes;
    }

    /** Returns its first line. */
    String heading() {
        return "### " + title;
    }

    /** Runs one workload after the other; the contenders of each take turns in every round. Round 0 warms up and does not count. */
    void run(Path directory, int rounds, double seconds) {
        for (Workload workload : workloads) {
            Outcome outcome = new Outcome(workload);
            outcomes.add(outcome);
            ScratchDirectory scratch = new ScratchDirectory(directory);
            try {
                scratch.create();
                run(outcome, directory, rounds, seconds);
                scratch.remove();
            } catch (Exception e) {
                workload.contenders().keySet().forEach(each -> outcome.failed(each, e));
            }
            System.err.println(title + ", " + workload.name() + ": done");
        }
    }

    private static void run(Outcome outcome, Path directory, int rounds, double seconds) {
        Map<String, Contender> open = new LinkedHashMap<>();
        int number = 0;
        for (Map.Entry<String, Contender.Opening> each :
                outcome.workload().contenders().entrySet()) {
            try {
                ScratchDirectory own = new ScratchDirectory(directory.resolve("c" + number++));
                own.create();
                open.put(each.getKey(), each.getValue().open(own.path()));
            } catch (Exception | LinkageError e) {
                outcome.failed(each.getKey(), failure(e));
            }
        }
        for (int round = 0; round <= rounds; round++) {
            List<String> turns = new ArrayList<>(open.keySet());
            // Who comes after whom must not decide.
            Collections.rotate(turns, round);
            for (String each : turns) {
                run(outcome, open, each, round, seconds);
            }
        }
        List.copyOf(open.keySet()).forEach(each -> close(outcome, open, each));
    }

    private static void run(Outcome outcome, Map<String, Contender> open, String contender, int round, double seconds) {
        Contender whose = open.get(contender);
        if (whose == null) {
            return;
        }
        try {
            if (round == 0) {
                whose.warmUp();
            } else {
                outcome.add(contender, whose.run(seconds));
            }
        } catch (Exception | LinkageError e) {
            outcome.failed(contender, failure(e));
            close(outcome, open, contender);
        }
    }

    private static void close(Outcome outcome, Map<String, Contender> open, String contender) {
        try (Contender closed = open.remove(contender)) {
            assert closed != null;
        } catch (Exception e) {
            outcome.failed(contender, e);
        }
    }

    private static Exception failure(Throwable thrown) {
        thrown.printStackTrace();
        return thrown instanceof Exception exception ? exception : new IllegalStateException(thrown.toString(), thrown);
    }

    String markdown() {
        Set<Figure> figures = outcomes.stream()
                .flatMap(outcome -> outcome.rounds().values().stream())
                .flatMap(List::stream)
                .flatMap(phase -> phase.figures().keySet().stream())
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Figure.class)));
        StringBuilder table = new StringBuilder(heading() + "\n\n" + text + "\n\n| workload | contender |");
        figures.forEach(figure -> table.append(" ").append(figure.text()).append(" |"));
        compared.forEach(figure -> table.append(figure == Figure.RATE ? " rate" : " " + figure.text())
                .append(" of the reference |"));
        table.append(" target |\n|").append(" --- |".repeat(figures.size() + compared.size() + 3));
        table.append("\n");
        for (Outcome outcome : outcomes) {
            for (String contender : outcome.workload().contenders().keySet()) {
                table.append("| ").append(outcome.workload().name()).append(" | ");
                table.append(contender).append(" |");
                table.append(cells(outcome, contender, figures)).append("\n");
            }
        }
        return table.toString();
    }

    private String cells(Outcome outcome, String contender, Set<Figure> figures) {
        String failure = outcome.failures().get(contender);
        if (failure != null) {
            return " not measured: " + failure.replaceAll("[|\\s]+", " ") + " |"
                    + " |".repeat(figures.size() + compared.size());
        }
        StringBuilder cells = new StringBuilder();
        for (Figure figure : figures) {
            cells.append(" ")
                    .append(number(figure.format(), outcome.median(contender, figure)))
                    .append(" |");
        }
        for (Figure figure : compared) {
            cells.append(" ")
                    .append(number("%.2f", outcome.ofReference(contender, figure)))
                    .append(" |");
        }
        String targets = outcome.workload().targets().stream()
                .filter(target -> target.contender().equals(contender))
                .map(target -> target + ": " + verdict(target, outcome.value(target)))
                .collect(Collectors.joining("; "));
        return cells.append(" ").append(targets).append(" |").toString();
    }

    private static String verdict(Target target, double value) {
        return Double.isNaN(value) ? "not measured" : target.isMet(value) ? "met" : "**missed**";
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
    }

    /** Returns all rounds, with medians and ratios: maps, lists, numbers and text. */
    Map<String, Object> json() {
        List<Object> rows = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            Map<String, Object> contenders = new LinkedHashMap<>();
            outcome.workload().contenders().keySet().forEach(each -> contenders.put(each, json(outcome, each)));
            rows.add(ordered("workload", outcome.workload().name(), "contenders", contenders));
        }
        return ordered("table", title, "compared", compared, "workloads", rows);
    }

    private Object json(Outcome outcome, String contender) {
        String failure = outcome.failures().get(contender);
        if (failure != null) {
            return Map.of("failure", failure);
        }
        List<Phase> phases = outcome.rounds().getOrDefault(contender, List.of());
        Map<String, Double> medians = new LinkedHashMap<>();
        for (Figure figure : Figure.values()) {
            double median = outcome.median(contender, figure);
            if (!Double.isNaN(median)) {
                medians.put(figure.name(), median);
            }
        }
        return ordered(
                "medians",
                medians,
                "ofReference",
                compared.stream()
                        .collect(Collectors.toMap(Figure::name, figure -> outcome.ofReference(contender, figure))),
                "rounds",
                phases.stream().map(Phase::figures).toList(),
                "targets",
                outcome.workload().targets().stream()
                        .filter(target -> target.contender().equals(contender))
                        .map(target -> Map.of(
                                "target",
                                target.toString(),
                                "value",
                                outcome.value(target),
                                "met",
                                target.isMet(outcome.value(target))))
                        .toList());
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }
}
