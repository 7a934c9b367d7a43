package io.tidaldb.bench;

import java.nio.file.Path;

/** Somebody who does a workload's work. Warm from one round to the next, and idle while others take their turn. */
interface Contender extends AutoCloseable {

    /** After so long the JVMs of nodes and brokers, which start with the contender, have compiled what a load needs. */
    double PROCESS_WARM_UP_SECONDS = 6;

    /** Works for about so long. */
    Phase run(double seconds) throws Exception;

    /** Gets ready for rounds that count: until the JVM has compiled what they need. */
    default void warmUp() throws Exception {
        run(2);
    }

    @Override
    default void close() throws Exception {}

    /** Makes one. */
    interface Opening {

        /** @param directory empty and the contender's own, on the disk that is measured */
        Contender open(Path directory) throws Exception;
    }
}
