package io.tidaldb.it.sim;

import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tidal;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.util.function.Consumer;

/** Somebody who asks members for changes, and takes no for an answer where a fault may explain it. */
record Operator(SimulatedMembers cluster) {

    /**
     * Asks a member, if it serves.
     *
     * @param what for the trace: what somebody does
     * @return whether it was done, and the member has said so
     * @throws AssertionError if it is refused as no fault explains
     */
    boolean ask(Member through, String what, Consumer<Tidal> change) {
        if (!through.serves()) {
            return false;
        }
        try {
            through.call(tidal -> {
                change.accept(tidal);
                return tidal;
            });
            cluster.world().note("through " + through.id() + " somebody " + what);
            return true;
        } catch (MachineCrash e) {
            cluster.world().note("crashed before it was known whether somebody " + what);
        } catch (TidalException e) {
            cluster.mustExplain("somebody " + what, e);
            cluster.world().note("nobody " + what + " through " + through.id() + ": " + e.getMessage());
        }
        return false;
    }
}
