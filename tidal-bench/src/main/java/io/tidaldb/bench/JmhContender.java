package io.tidaldb.bench;

import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** A method of a JMH benchmark, in a new process each round; with what it allocates. */
final class JmhContender implements Contender {

    private static final String ALLOCATED = "gc.alloc.rate.norm";

    private final ChainedOptionsBuilder options;

    /** @param parameters of the benchmark, by name */
    JmhContender(Class<?> benchmark, String method, Map<String, String> parameters, int threads) {
        options = new OptionsBuilder()
                .include("^" + benchmark.getName().replace(".", "\\.") + "\\." + method + "$")
                .threads(threads)
                .forks(1)
                .jvmArgs("-Xms512m", "-Xmx1g")
                .warmupIterations(3)
                .warmupTime(TimeValue.seconds(1))
                .measurementIterations(1)
                .addProfiler(GCProfiler.class)
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        parameters.forEach((name, value) -> options.param(name, value));
    }

    /** Each round is a process that warms up by itself. */
    @Override
    public void warmUp() {}

    @Override
    public Phase run(double seconds) throws RunnerException {
        TimeValue time = TimeValue.milliseconds((long) (seconds * 1e3));
        RunResult result = new Runner(options.measurementTime(time).build()).runSingle();
        Phase phase = Phase.of(Figure.NANOS, result.getPrimaryResult().getScore());
        Result<?> allocated = result.getSecondaryResults().get(ALLOCATED);
        return allocated == null ? phase : phase.with(Figure.BYTES, allocated.getScore());
    }
}
