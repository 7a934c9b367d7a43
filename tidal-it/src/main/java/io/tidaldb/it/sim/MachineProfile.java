package io.tidaldb.it.sim;

import java.time.Duration;

/**
 * What a machine is like.
 *
 * @param turn from waking a loop to the end of its turn: what a commit takes on its disk, for the most part
 * @param background how long a piece of background work takes
 * @param skew how far its wall clock is ahead of the world's at the start; may be negative
 * @param driftPerMillion how many seconds in a million its clocks gain; may be negative
 */
public record MachineProfile(Latency turn, Latency background, Duration skew, int driftPerMillion) {

    /** A machine with a good disk and perfect clocks. */
    public static final MachineProfile DEFAULT = new MachineProfile(
            Latency.of(Duration.ofNanos(20_000), Duration.ofMillis(1), Duration.ofMillis(30)),
            Latency.of(Duration.ofMillis(1), Duration.ofMillis(10), Duration.ofMillis(200)),
            Duration.ZERO,
            0);

    /** @throws IllegalArgumentException unless the drift is less than one second in ten */
    public MachineProfile {
        if (Math.abs(driftPerMillion) >= SimulatedRandom.MILLION / 10) {
            throw new IllegalArgumentException("drift of " + driftPerMillion
                    + " seconds in a million is too much: expected between -100000 and 100000");
        }
    }

    /** Returns this machine with another disk. */
    public MachineProfile withTurn(Latency newTurn) {
        return new MachineProfile(newTurn, background, skew, driftPerMillion);
    }

    /** Returns this machine with other clocks. */
    public MachineProfile withClocks(Duration newSkew, int newDriftPerMillion) {
        return new MachineProfile(turn, background, newSkew, newDriftPerMillion);
    }
}
