package io.tidaldb.it.sim;

import io.tidaldb.api.NodeId;

/**
 * A machine has ended in the middle of what it did. An error, so that no handler of failures takes it for one: it unwinds to the world,
 * and what it passes on its way has no effect any more.
 */
public final class MachineCrash extends Error {

    private static final long serialVersionUID = 1L;

    /** Creates the crash of a machine. */
    public MachineCrash(NodeId machine, String why) {
        super("machine " + machine + " crashed: " + why);
    }
}
