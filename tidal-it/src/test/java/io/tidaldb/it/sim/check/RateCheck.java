package io.tidaldb.it.sim.check;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.it.sim.SimulatedWorld;
import java.util.Map;
import java.util.TreeMap;

/** A tenant never has more than its highest rate allows since the beginning, and a burst each time that its bucket began full. */
public final class RateCheck {

    private static final double CLOCKS = 1.01;
    private static final int MOST_MEMBERS = 5;

    private final SimulatedWorld world;
    private final Map<TenantId, Bound> bounds = new TreeMap<>();
    private long starts = 1;

    private static final class Bound {

        double rate;
        double burst;
        long changes;
    }

    /** Checks rates in a world whose time begins now. */
    public RateCheck(SimulatedWorld world) {
        this.world = world;
    }

    /** A tenant may have this configuration from now on. */
    public void mayBe(TenantConfig config) {
        Bound bound = bounds.computeIfAbsent(config.id(), each -> new Bound());
        bound.changes++;
        // Where each member takes writes, each counts by itself.
        int counting = config.writes() == WriteMode.EVERYWHERE ? MOST_MEMBERS : 1;
        bound.rate =
                Math.max(bound.rate, counting * config.maxSignalsPerSecond().orElse(Double.POSITIVE_INFINITY));
        bound.burst = Math.max(bound.burst, counting * config.burst().orElse(Double.POSITIVE_INFINITY));
    }

    /** A node starts again: what it counts in memory begins anew. */
    public void restarted() {
        starts++;
    }

    /**
     * Checks how many signals a tenant has.
     *
     * @param moves how often another node may have begun to count
     */
    public void check(TenantId tenant, long signals, long moves) {
        Bound bound = bounds.get(tenant);
        if (bound != null) {
            double seconds = world.nanoTime() / 1e9;
            double most = bound.burst * (starts + bound.changes + moves) + bound.rate * seconds * CLOCKS;
            if (signals > most) {
                throw new AssertionError(
                        tenant + " has " + signals + " signals after " + seconds + " s: expected at most " + most);
            }
        }
    }
}
