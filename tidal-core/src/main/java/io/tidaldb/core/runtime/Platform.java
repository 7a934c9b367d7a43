package io.tidaldb.core.runtime;

import io.tidaldb.api.NodeId;
import io.tidaldb.core.upgrade.Release;

/** What an instance runs on: the machine in production, something virtual and seeded in a simulation. Safe for any number of threads. */
public interface Platform {

    /** Returns the time of those who use the instance. */
    Clock clock();

    /** Returns randomness that belongs to no node. */
    RandomSource random();

    /** Returns the threads of those who use the instance. */
    LoopFactory loops();

    /** Returns whether machines have homes of their own, so that no data directory is needed. */
    default boolean hasHomes() {
        return false;
    }

    /** Returns what version the instance is of. */
    default Release release() {
        return Release.current();
    }

    /** Returns what a node runs on from now on; called each time that the node is started. */
    default Machine machine(NodeId node) {
        return new Machine(clock(), random(), loops(), null);
    }
}
