package io.tidaldb.bench;

import java.util.Arrays;
import java.util.stream.IntStream;

/** What one contender did in one round. */
record Phase(double recordsPerSecond, double ackP50Micros, double ackP99Micros) {

    static Phase of(GroupCommit.Writer[] writers, long nanos) {
        int[] sorted = Arrays.stream(writers)
                .flatMapToInt(
                        writer -> IntStream.of(writer.ackMicros).limit(Math.min(writer.acked, writer.ackMicros.length)))
                .sorted()
                .toArray();
        long acked = Arrays.stream(writers).mapToLong(writer -> writer.acked).sum();
        return new Phase(acked * 1e9 / nanos, at(sorted, 0.5), at(sorted, 0.99));
    }

    private static double at(int[] sorted, double quantile) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1L, (long) (sorted.length * quantile))];
    }
}
