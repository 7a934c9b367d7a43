package io.tidaldb.bench;

import java.time.Duration;
import java.util.Arrays;

/** Processor time of processes. */
final class Cpu {

    private Cpu() {}

    /** Returns what they have used so far, all their threads together; of those that have ended, nothing. */
    static long nanos(ProcessHandle... processes) {
        return Arrays.stream(processes)
                .mapToLong(each ->
                        each.info().totalCpuDuration().orElse(Duration.ZERO).toNanos())
                .sum();
    }
}
