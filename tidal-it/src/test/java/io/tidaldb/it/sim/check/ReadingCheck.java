package io.tidaldb.it.sim.check;

import io.tidaldb.api.Durability;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Tenant;

/**
 * What is read holds every event that was acknowledged at {@code MAJORITY} or {@code ALL} for longer than the reading says that it may be
 * behind: none at all, where it says zero. Where every region takes writes, every event that was acknowledged.
 */
public final class ReadingCheck {

    /** Of what a machine's clock says: more than any drifts. */
    private static final long DRIFT_DIVISOR = 1_000;

    private final History history;

    /** Checks readings against what was written. */
    public ReadingCheck(History history) {
        this.history = history;
    }

    /**
     * Something was read.
     *
     * @param nowNanos when, by the world's clock
     */
    public void read(Tenant tenant, String type, Reading reading, long nowNanos) {
        if (reading.staleness().equals(Reading.UNKNOWN_STALENESS)) {
            return;
        }
        long stale = reading.staleness().toNanos();
        long since = nowNanos - stale - stale / DRIFT_DIVISOR;
        long expected = 0;
        for (History.Write write : history.writes()) {
            boolean held = write.level() == Durability.MAJORITY
                    || write.level() == Durability.ALL
                    || tenant.config().writes() == WriteMode.EVERYWHERE;
            if (held && write.tenant().equals(tenant.id()) && write.position() != null && write.heldNanos() <= since) {
                expected += write.signals().stream()
                        .filter(signal ->
                                signal.type().equals(type) && signal.entity().equals(reading.entity()))
                        .count();
            }
        }
        if (reading.count() < expected) {
            throw new AssertionError("entity " + reading.entity() + " of " + tenant.id() + " has " + reading.count()
                    + " events of type " + type + " on " + reading.replica() + ", which says that it may be behind by "
                    + reading.staleness() + ", and " + expected + " were acknowledged before");
        }
    }
}
