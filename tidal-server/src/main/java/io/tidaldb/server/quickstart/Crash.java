package io.tidaldb.server.quickstart;

import io.tidaldb.core.Tidal;

/** Ends an instance as a killed process would. */
final class Crash {

    private Crash() {}

    /** Drops everything that is not on disk; the directory can be opened again afterwards. */
    static void now(Tidal tidal) {
        // TODO: a clean close is kinder than a crash; core is to offer an abrupt end.
        tidal.close();
    }
}
