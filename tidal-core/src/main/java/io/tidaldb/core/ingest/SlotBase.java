package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.directory.NodeHome;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A slot's newest checkpoint, and how far it goes.
 *
 * @param source its bytes; whoever gets it closes it
 * @param logs how far each origin's log is in it
 * @param merged how far origins are in it whose logs are gone for good
 * @param lastHlc the latest stamp of anything that is in it
 */
public record SlotBase(SnapshotSource source, List<SlotLogs.Held> logs, SortedMap<Origin, Long> merged, long lastHlc) {

    /** Called in the background, which replaces no checkpoint meanwhile. */
    static SlotBase open(
            SnapshotSource.Background background, NodeHome home, SlotRecovery recovery, TenantShard shard) {
        String name = Checkpoint.name(shard.replica().shard());
        NodeHome.StoredFile file = home.find(shard.tenantId(), name)
                .orElseThrow(() -> new TidalException(
                        ErrorCode.NOT_CAUGHT_UP,
                        "tenant " + shard.tenantId() + " has no checkpoint on " + shard.replica()
                                + " yet, and its logs do not begin at their start: try again in a moment"));
        TenantShard content = recovery.empty(shard);
        recovery.read(file, content);
        return new SlotBase(
                SnapshotSource.open(background, home, shard),
                content.origins.values().stream()
                        .filter(each -> each.lastSeqno != each.origin.startSeqno())
                        .map(each -> new SlotLogs.Held(each.origin, each.lastSeqno + 1, each.lastSeqno, each.chain))
                        .toList(),
                new TreeMap<>(content.compacted),
                content.lastHlc);
    }
}
