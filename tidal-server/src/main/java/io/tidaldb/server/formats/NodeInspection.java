package io.tidaldb.server.formats;

import io.tidaldb.api.wal.WalInspection;

/** Receives what is found in the logs of several nodes, node by node: each holds copies of the others' logs. */
public interface NodeInspection extends WalInspection {

    /** What follows is of this node; its directory relative to the one that was named, or empty if it is that one. */
    void node(String directory);
}
