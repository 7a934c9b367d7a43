package io.tidaldb.it.sim;

import java.time.Duration;

/**
 * What may happen to a simulated control log. Chances are in a million.
 *
 * @param commit how long a majority takes to agree
 * @param delivery how long a member takes to hear of what was agreed
 * @param election how long nobody decides once a leader is lost
 * @param lostAnswers how often a proposal's outcome stays unknown; half of these are agreed all the same
 * @param snapshots how often a member that is behind gets a snapshot although the entries are there still
 */
public record ControlFaults(Latency commit, Latency delivery, Latency election, int lostAnswers, int snapshots) {

    /** A log without faults but that it takes time. */
    public static final ControlFaults NONE = new ControlFaults(
            Latency.of(Duration.ofMillis(1), Duration.ofMillis(5), Duration.ofMillis(20)),
            Latency.of(Duration.ofMillis(1), Duration.ofMillis(10), Duration.ofMillis(50)),
            Latency.of(Duration.ofMillis(300), Duration.ofMillis(600), Duration.ofMillis(900)),
            0,
            0);

    /** Slow members, answers that get lost, snapshots when nobody needs one. */
    public static final ControlFaults MANY = new ControlFaults(
            Latency.of(Duration.ofMillis(1), Duration.ofMillis(200), Duration.ofSeconds(2)),
            Latency.of(Duration.ofMillis(1), Duration.ofSeconds(2), Duration.ofSeconds(8)),
            Latency.of(Duration.ofMillis(300), Duration.ofSeconds(3), Duration.ofSeconds(9)),
            100_000,
            300_000);
}
