package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.LincheckAssertionError;
import org.jetbrains.kotlinx.lincheck.strategy.stress.StressOptions;

/**
 * Lets random operations of three threads meet, many times each, and compares what they answer with all orders in which one thread could have
 * done them. {@code -Dtidal.lincheck.scenarios=N} tries more than a build does. In a process of its own: Lincheck changes classes for whoever
 * runs in the same one.
 */
public final class Interleavings {

    private static final int SCENARIOS = Integer.getInteger("tidal.lincheck.scenarios", 15);
    private static final int ENOUGH_TO_FIND = 100;
    private static final int INVOCATIONS = 2_000;
    private static final int EXPLAINED = 0;
    private static final int FOUND = 10;

    private Interleavings() {}

    private record Outcome(int code, String said) {}

    /**
     * Fails if no order explains what was answered.
     *
     * @param oneThread has the same methods, and answers as it should if one thread calls them
     */
    public static void check(Class<?> operations, Class<?> oneThread) throws IOException, InterruptedException {
        Outcome outcome = run(operations, oneThread, SCENARIOS);
        assertThat(outcome.code).as(outcome.said).isEqualTo(EXPLAINED);
    }

    /** Returns whether something was answered that no order explains. */
    public static boolean isFound(Class<?> broken) throws IOException, InterruptedException {
        Outcome outcome = run(broken, broken, ENOUGH_TO_FIND);
        assertThat(outcome.code).as(outcome.said).isIn(EXPLAINED, FOUND);
        return outcome.code == FOUND;
    }

    private static Outcome run(Class<?> operations, Class<?> oneThread, int scenarios)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:+EnableDynamicAgentLoading",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Interleavings.class.getName(),
                        operations.getName(),
                        oneThread.getName(),
                        Integer.toString(scenarios))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), said);
    }

    /** Runs in the process of its own; the arguments are both classes and the number of scenarios. */
    public static void main(String[] args) throws ClassNotFoundException {
        try {
            LinChecker.check(
                    Class.forName(args[0]),
                    new StressOptions()
                            .sequentialSpecification(Class.forName(args[1]))
                            .threads(3)
                            .actorsPerThread(3)
                            .actorsBefore(1)
                            .actorsAfter(1)
                            .iterations(Integer.parseInt(args[2]))
                            .invocationsPerIteration(INVOCATIONS)
                            .minimizeFailedScenario(false));
        } catch (LincheckAssertionError e) {
            System.out.println(e.getMessage());
            System.exit(FOUND);
        }
    }
}
