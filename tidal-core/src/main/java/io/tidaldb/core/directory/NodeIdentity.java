package io.tidaldb.core.directory;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;

/**
 * Whose a data directory is, kept in {@code tidal.json}.
 *
 * @param uuid drawn when the directory was made: a copy is recognised by it
 * @param clean the last owner closed it
 * @param exposed something was acknowledged or shipped before it was durable: after a crash, its seqnos may be known elsewhere
 */
public record NodeIdentity(
        String cluster, NodeId node, RegionId region, String wal, String uuid, boolean clean, boolean exposed) {

    NodeIdentity with(boolean isClean, boolean isExposed) {
        return new NodeIdentity(cluster, node, region, wal, uuid, isClean, isExposed);
    }
}
