package io.tidaldb.api.wal;

import io.tidaldb.api.Origin;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import java.util.Comparator;

/**
 * A log: the records of one origin of one tenant, held by one shard of this node. Two shards of a node never share a log, so a tenant
 * moves between them without sharing files.
 *
 * <p>Immutable; ordered by holder, tenant, origin.
 */
public record LogId(ShardId holder, TenantId tenant, Origin origin) implements Comparable<LogId> {

    private static final Comparator<LogId> ORDER =
            Comparator.comparing(LogId::holder).thenComparing(LogId::tenant).thenComparing(LogId::origin);

    /** Returns the log that an origin's own shard holds. */
    public static LogId own(TenantId tenant, Origin origin) {
        return new LogId(origin.shard(), tenant, origin);
    }

    @Override
    public int compareTo(LogId other) {
        return ORDER.compare(this, other);
    }

    /** Returns {@code t42/r0:s1}, or {@code s3/t42/r0:s1} where another shard holds it. */
    @Override
    public String toString() {
        String log = tenant + "/" + origin;
        return holder.equals(origin.shard()) ? log : holder + "/" + log;
    }
}
