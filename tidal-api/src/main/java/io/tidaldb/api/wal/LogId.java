package io.tidaldb.api.wal;

import io.tidaldb.api.Origin;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import java.util.Comparator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A log: the records of one origin of one tenant, held by one shard of this node. Two shards of a node never share a log, so a tenant
 * moves between them without sharing files.
 *
 * <p>Immutable; ordered by holder, tenant, origin. Equal to any with the same three; its hash code is computed once, so that a store may look a
 * log up at each append.
 */
public final class LogId implements Comparable<LogId> {

    private static final Comparator<LogId> ORDER =
            Comparator.comparing(LogId::holder).thenComparing(LogId::tenant).thenComparing(LogId::origin);

    private final ShardId holder;
    private final TenantId tenant;
    private final Origin origin;
    private final int hash;

    /** Names the log of an origin of a tenant that a shard holds. */
    public LogId(ShardId holder, TenantId tenant, Origin origin) {
        this.holder = holder;
        this.tenant = tenant;
        this.origin = origin;
        this.hash = Objects.hash(holder, tenant, origin);
    }

    /** Returns the log that an origin's own shard holds. */
    public static LogId own(TenantId tenant, Origin origin) {
        return new LogId(origin.shard(), tenant, origin);
    }

    /** Returns the shard that holds it. */
    public ShardId holder() {
        return holder;
    }

    /** Returns whose records it has. */
    public TenantId tenant() {
        return tenant;
    }

    /** Returns who wrote the records. */
    public Origin origin() {
        return origin;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || other instanceof LogId log
                        && hash == log.hash
                        && tenant.equals(log.tenant)
                        && holder.equals(log.holder)
                        && origin.equals(log.origin);
    }

    @Override
    public int hashCode() {
        return hash;
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
