package io.tidaldb.bench;

import java.nio.file.Path;

/** Somebody who does a workload's work. Warm from one round to the next, and idle while others take their turn. */
interface Contender extends AutoCloseable {

    /** Works for about so long. */
    Phase run(double seconds) throws Exception;

    /** Gets ready for rounds that count. */
    default void warmUp(double seconds) throws Exception {
        run(seconds);
    }

    @Override
    default void close() throws Exception {}

    /** Makes one. */
    interface Opening {

        /** @param directory empty and the contender's own, on the disk that is measured */
        Contender open(Path directory) throws Exception;
    }
}
