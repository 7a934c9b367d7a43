package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tidal;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.util.function.Consumer;

/** Somebody who asks members for changes, and takes no for an answer where a fault may explain it. */
record Operator(SimulatedWorld world) {

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
            world.note("through " + through.id() + " somebody " + what);
            return true;
        } catch (MachineCrash e) {
            world.note("crashed before it was known whether somebody " + what);
        } catch (TidalException e) {
            if (e.code().outcome() == Outcome.FATAL || e.code() == ErrorCode.VERSION_MISMATCH) {
                throw new AssertionError("somebody " + what + ", which no fault explains", e);
            }
            world.note("nobody " + what + " through " + through.id() + ": " + e.getMessage());
        }
        return false;
    }
}
