package io.tidaldb.bench;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/** Somebody who does a workload's work. Warm from one round to the next, and idle while others take their turn. */
interface Contender extends AutoCloseable {

    /** After so long the JVMs of nodes and brokers, which start with the contender, have compiled what a load needs. */
    double PROCESS_WARM_UP_SECONDS = 6;

    double WARM_UP_SECONDS = 2;

    int MOST_WARM_UPS = 15;

    /** The share of a warm-up that a compiler may work for it to be the last: on few processors, it takes the load's. */
    double MOST_COMPILED = 0.1;

    /** Works for about so long. */
    Phase run(double seconds) throws Exception;

    /** Gets ready for rounds that count: until the JVM has compiled nearly all that they need. */
    default void warmUp() throws Exception {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long before;
        int turns = 0;
        do {
            before = compiler.getTotalCompilationTime();
            run(WARM_UP_SECONDS);
            turns++;
        } while (turns < MOST_WARM_UPS
                && compiler.getTotalCompilationTime() - before > MOST_COMPILED * WARM_UP_SECONDS * 1e3);
    }

    @Override
    default void close() throws Exception {}

    /** Makes one. */
    interface Opening {

        /** @param directory empty and the contender's own, on the disk that is measured */
        Contender open(Path directory) throws Exception;
    }
}
