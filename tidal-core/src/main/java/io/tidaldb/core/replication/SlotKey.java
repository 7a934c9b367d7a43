package io.tidaldb.core.replication;

import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import java.util.Comparator;

/** A tenant's slot, by the shard that it is on: the same on every node that has a replica of it. */
record SlotKey(TenantId tenant, ShardId shard) implements Comparable<SlotKey> {

    private static final Comparator<SlotKey> ORDER =
            Comparator.comparing(SlotKey::tenant).thenComparing(SlotKey::shard);

    @Override
    public int compareTo(SlotKey other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return tenant + "/" + shard;
    }
}
