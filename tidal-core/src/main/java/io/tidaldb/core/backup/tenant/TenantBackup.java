package io.tidaldb.core.backup.tenant;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.BackupReport;
import io.tidaldb.core.backup.BackedUpLog;
import io.tidaldb.core.backup.BackupHead;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.BackupWriter;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Writes what a tenant's logs hold beyond a point, in the tenant's own turns, while writes go on. Each slot is read from one replica in this
 * process, the one that leads if it is here; every batch is checked against its chain on the way.
 */
public final class TenantBackup {

    private static final int STRETCH_BYTES = 256 << 10;

    private final Instance tidal;
    private final EmbeddedTenant tenant;
    private final BackupPoint after;
    private final boolean erased;

    /** A stretch of a log that is to be written. */
    private record Range(int slot, TenantShard shard, BackedUpLog from, long toSeqno) {}

    /**
     * Backs up what a tenant has beyond a point.
     *
     * @param erased whether entities were erased from the tenant: then its logs begin after that
     */
    public TenantBackup(Instance tidal, EmbeddedTenant tenant, BackupPoint after, boolean erased) {
        this.tidal = tidal;
        this.tenant = tenant;
        this.after = after;
        this.erased = erased;
    }

    /** Writes the backup; returns up to where it goes. */
    public BackupReport write(String cluster, OutputStream out) throws IOException {
        List<Range> ranges = ranges();
        BackupWriter writer = new BackupWriter(
                out,
                new BackupHead(
                        cluster,
                        tenant.record().digestSeed(),
                        visible(tenant.config()),
                        tenant.record().epoch(),
                        tidal.schema().entries(),
                        after,
                        tidal.clock().wallNanos() / 1_000_000,
                        tenant.record().keys().wrapped()));
        List<BackedUpLog> reached = new ArrayList<>();
        for (Range range : ranges) {
            BackedUpLog end = write(writer, range);
            if (end.lastSeqno() != end.origin().startSeqno()) {
                reached.add(end);
            }
        }
        BackupPoint point = new BackupPoint(reached);
        return new BackupReport(after, point, writer.end(point));
    }

    // The head is not sealed, and the label of an encrypted tenant is among what is.
    private static TenantConfig visible(TenantConfig config) {
        return config.encrypted()
                ? config.toBuilder().label(TenantConfig.DEFAULT_LABEL).build()
                : config;
    }

    private List<Range> ranges() {
        List<Range> ranges = new ArrayList<>();
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            TenantShard shard = replica(tenant.placement().get(slot));
            int index = slot;
            ranges.addAll(tidal.await(tidal.node(shard).withLogs(shard, 0, logs -> ranges(index, shard, logs))));
        }
        after.logs().stream()
                .filter(log -> ranges.stream().noneMatch(range -> range.from.equals(log)))
                .findFirst()
                .ifPresent(log -> {
                    throw notContinued(log);
                });
        return ranges;
    }

    private TenantShard replica(ReplicaId leader) {
        TenantShard shard = tenant.replica(leader.shard());
        if (shard == null) {
            throw new TidalException(
                    ErrorCode.NOT_OWNER,
                    "this node has no replica of shard " + leader.shard() + " of tenant " + tenant.id()
                            + ": ask the node of " + leader + ", or another one that has all of the tenant's shards");
        }
        return shard;
    }

    private List<Range> ranges(int slot, TenantShard shard, SlotLogs logs) {
        List<Range> ranges = new ArrayList<>();
        List<SlotLogs.Held> all = new ArrayList<>(logs.heldOfMerged());
        all.addAll(logs.held());
        for (SlotLogs.Held held : all) {
            Origin origin = held.origin();
            BackedUpLog from =
                    after.log(slot, origin).orElse(new BackedUpLog(slot, origin, origin.startSeqno(), Chain.START));
            if (Long.compareUnsigned(from.lastSeqno() + 1, held.firstSeqno()) < 0) {
                throw new TidalException(
                        ErrorCode.NOT_CAUGHT_UP,
                        "the log of " + origin + " of tenant " + tenant.id() + " begins at seqno "
                                + Seqno.print(held.firstSeqno()) + ": what a backup needs from "
                                + Seqno.print(from.lastSeqno() + 1)
                                + " on was dropped from it; "
                                + (erased
                                        ? "an entity was erased, and of such a tenant no more can be backed up: the parts that"
                                                + " were taken before hold it up to there, with the entity; what to do with"
                                                + " them is under \"What was erased\" in docs/backup.md"
                                        : "keep logs for longer (limits.retention), or back up more often"));
            }
            OptionalLong chain = Long.compareUnsigned(from.lastSeqno(), held.lastSeqno()) > 0
                    ? OptionalLong.empty()
                    : logs.chainAt(origin, from.lastSeqno());
            if (chain.isEmpty() || chain.getAsLong() != from.chain()) {
                throw notContinued(from);
            }
            ranges.add(new Range(slot, shard, from, held.lastSeqno()));
        }
        return ranges;
    }

    private TidalException notContinued(BackedUpLog log) {
        return new TidalException(
                ErrorCode.POSITION_UNKNOWN,
                "the backup's point " + log + " is not one of the logs of tenant " + tenant.id()
                        + " as they are here: the tenant was erased and made anew, or this replica is behind; begin a new"
                        + " backup, or try again later");
    }

    // A slot that has moved has the same logs where it is now.
    private List<WalBatch> read(Range range, long next) {
        TenantShard shard = range.shard;
        while (true) {
            try {
                return tidal.await(tidal.node(shard)
                        .withLogs(shard, STRETCH_BYTES, logs -> logs.read(range.from.origin(), next, STRETCH_BYTES)));
            } catch (TidalException e) {
                TenantShard now = e.code() == ErrorCode.NOT_OWNER
                        ? replica(tenant.placement().get(range.slot))
                        : shard;
                if (now == shard) {
                    throw e;
                }
                shard = now;
            }
        }
    }

    private BackedUpLog write(BackupWriter writer, Range range) throws IOException {
        Chain hash = new Chain();
        Origin origin = range.from.origin();
        long last = range.from.lastSeqno();
        long chain = range.from.chain();
        while (Long.compareUnsigned(last, range.toSeqno) < 0) {
            long next = last + 1;
            List<WalBatch> batches = read(range, next);
            if (batches.isEmpty()) {
                throw broken(origin, next);
            }
            for (WalBatch batch : batches) {
                if (Long.compareUnsigned(batch.lastSeqno(), range.toSeqno) > 0) {
                    break;
                }
                chain = hash.next(chain, batch);
                if (batch.firstSeqno() != last + 1 || batch.version() > 1 && chain != batch.chain()) {
                    throw broken(origin, last + 1);
                }
                writer.batch(range.slot, batch);
                last = batch.lastSeqno();
            }
        }
        return new BackedUpLog(range.slot, origin, last, chain);
    }

    private TidalException broken(Origin origin, long seqno) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                "the log of " + origin + " of tenant " + tenant.id() + " can't be read on from seqno "
                        + Seqno.print(seqno) + " on: it was shortened or changed meanwhile; try again");
    }
}
