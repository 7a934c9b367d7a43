package io.tidaldb.core.leading;

import io.tidaldb.api.TidalException;
import java.time.Duration;

/**
 * How long leaders of a cluster of processes count on their office.
 *
 * @param lease for how long a node leads after it was last heard of by the control log
 * @param returnAfter for how long a node must have been up before what prefers it is handed back to it
 */
public record LeadershipSettings(Duration lease, Duration returnAfter) {

    static final Duration MIN_LEASE = Duration.ofMillis(200);
    static final Duration MAX_LEASE = Duration.ofMinutes(1);

    static final Duration MAX_RETURN = Duration.ofDays(1);

    private static final Duration LEAST_MARGIN = Duration.ofMillis(50);

    /** What holds unless something else is set. */
    public static final LeadershipSettings DEFAULT =
            new LeadershipSettings(Duration.ofMillis(700), Duration.ofSeconds(10));

    /** @throws TidalException INVALID_ARGUMENT if one is out of range */
    public LeadershipSettings {
        if (lease.compareTo(MIN_LEASE) < 0 || lease.compareTo(MAX_LEASE) > 0) {
            throw TidalException.invalid(
                    "lease " + lease + " is out of range: expected " + MIN_LEASE + " to " + MAX_LEASE);
        }
        if (returnAfter.isNegative() || returnAfter.compareTo(MAX_RETURN) > 0) {
            throw TidalException.invalid(
                    "return after " + returnAfter + " is out of range: expected 0 to " + MAX_RETURN);
        }
    }

    /** Returns how often a lease is renewed: so that two renewals can be late without harm. */
    Duration renewal() {
        return lease.dividedBy(4);
    }

    /** Returns how often somebody looks whether something is to be done. */
    Duration tick() {
        return renewal().dividedBy(4);
    }

    /** Returns how long others wait for a renewal of a lease of this length, after which they take over. */
    public static Duration untilTakenOver(Duration lease) {
        return lease.plus(margin(lease));
    }

    /** Returns what clocks may drift apart by within a lease of this length, and then some. */
    static Duration margin(Duration lease) {
        Duration tenth = lease.dividedBy(10);
        return tenth.compareTo(LEAST_MARGIN) > 0 ? tenth : LEAST_MARGIN;
    }

    /** Returns how much later than whoever decides others take over: two that do it are in each other's way. */
    Duration patience() {
        return lease;
    }

    /** Returns how long whoever has come to decide waits for renewals that nobody could decide on before. */
    Duration grace() {
        return lease.dividedBy(2);
    }
}
