package io.tidaldb.core;

import org.jetbrains.kotlinx.lincheck.LinChecker;
import org.jetbrains.kotlinx.lincheck.LincheckAssertionError;
import org.jetbrains.kotlinx.lincheck.strategy.stress.StressOptions;

/**
 * Lets random operations of three threads meet, many times each, and compares what they answer with all orders in which one thread could have
 * done them. {@code -Dtidal.lincheck.scenarios=N} tries more than a build does.
 */
public final class Interleavings {

    private static final int SCENARIOS = Integer.getInteger("tidal.lincheck.scenarios", 15);
    private static final int INVOCATIONS = 2_000;

    private Interleavings() {}

    /**
     * Fails if no order explains what was answered.
     *
     * @param oneThread has the same methods, and answers as it should if one thread calls them
     */
    public static void check(Class<?> operations, Class<?> oneThread) {
        check(operations, oneThread, SCENARIOS);
    }

    /** Returns whether something was answered that no order explains. */
    public static boolean isFound(Class<?> broken) {
        try {
            check(broken, broken, 100);
            return false;
        } catch (LincheckAssertionError e) {
            return true;
        }
    }

    private static void check(Class<?> operations, Class<?> oneThread, int scenarios) {
        LinChecker.check(
                operations,
                new StressOptions()
                        .sequentialSpecification(oneThread)
                        .threads(3)
                        .actorsPerThread(3)
                        .actorsBefore(1)
                        .actorsAfter(1)
                        .iterations(scenarios)
                        .invocationsPerIteration(INVOCATIONS)
                        .minimizeFailedScenario(false));
    }
}
