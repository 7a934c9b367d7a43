package io.tidaldb.server.cli;

import io.tidaldb.api.wal.WalInspection;

/** Receives what is found in the logs of several nodes, node by node: each holds copies of the others' logs. */
interface NodeInspection extends WalInspection {

    /** What follows is of this node; its directory relative to the one that was named, or empty if it is that one. */
    void node(String directory);
}
