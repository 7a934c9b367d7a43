package io.tidaldb.core.backup.tenant;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.BackupReport;
import io.tidaldb.core.backup.BackedUpLog;
import io.tidaldb.core.backup.BackupBase;
import io.tidaldb.core.backup.BackupHead;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.BackupWriter;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.ingest.SlotBase;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ingest.SnapshotSource;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Writes what a tenant's logs hold beyond a point, in the tenant's own turns, while writes go on. Each slot is read from one replica in this
 * process, the one that leads if it is here; every batch is checked against its chain on the way.
 */
public final class TenantBackup {

    private final Instance tidal;
    private final EmbeddedTenant tenant;
    private final PacedCopy copy;

    /** Nothing as well if the logs do not reach back to where the part before ended. */
    private BackupPoint after;

    /** A stretch of a log that is to be written. */
    private record Range(int slot, TenantShard shard, BackedUpLog from, long toSeqno) {}

    /** Backs up what a tenant has beyond a point; all of it, if the logs do not reach back to there. */
    public TenantBackup(Instance tidal, EmbeddedTenant tenant, BackupPoint after) {
        this.tidal = tidal;
        this.tenant = tenant;
        this.copy = new PacedCopy(tidal);
        this.after = after;
    }

    /** Writes the backup; returns up to where it goes. */
    public BackupReport write(String cluster, OutputStream out) throws IOException {
        SortedMap<Integer, SlotBase> bases = new TreeMap<>();
        try {
            return write(cluster, out, bases);
        } finally {
            bases.values().forEach(each -> each.source().close());
        }
    }

    private BackupReport write(String cluster, OutputStream out, SortedMap<Integer, SlotBase> bases)
            throws IOException {
        List<Integer> truncated = truncated();
        if (!truncated.isEmpty() && !after.equals(BackupPoint.NOTHING)) {
            after = BackupPoint.NOTHING;
            truncated = truncated();
        }
        for (int slot : truncated) {
            TenantShard shard = replica(tenant.placement().get(slot));
            bases.put(slot, tidal.await(tidal.node(shard).base(shard)));
        }
        BackupBase base = BackupBase.NONE;
        for (Map.Entry<Integer, SlotBase> each : bases.entrySet()) {
            base = base.plus(base(each.getKey(), each.getValue()));
        }
        List<Range> ranges = ranges(base);
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
                        tenant.record().keys().wrapped(),
                        base));
        for (Map.Entry<Integer, SlotBase> each : bases.entrySet()) {
            int slot = each.getKey();
            write(
                    writer,
                    slot,
                    replica(tenant.placement().get(slot)),
                    each.getValue().source());
        }
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

    /** Returns the slots whose logs do not reach back to where the part is to begin. */
    private List<Integer> truncated() {
        List<Integer> truncated = new ArrayList<>();
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            TenantShard shard = replica(tenant.placement().get(slot));
            int index = slot;
            if (tidal.await(tidal.node(shard).withLogs(shard, 0, logs -> isTruncated(index, logs)))) {
                if (tenant.config().writes() == WriteMode.EVERYWHERE) {
                    throw new TidalException(
                            ErrorCode.NOT_CAUGHT_UP,
                            "the logs of tenant " + tenant.id()
                                    + ", which is written everywhere, do not reach back to where"
                                    + " the backup is to begin: keep logs for longer (limits.retention), or back up more"
                                    + " often");
                }
                truncated.add(slot);
            }
        }
        return truncated;
    }

    private boolean isTruncated(int slot, SlotLogs logs) {
        return Stream.concat(logs.heldOfMerged().stream(), logs.held().stream())
                .anyMatch(held ->
                        Long.compareUnsigned(from(slot, held.origin()).lastSeqno() + 1, held.firstSeqno()) < 0);
    }

    private BackedUpLog from(int slot, Origin origin) {
        return after.log(slot, origin).orElse(new BackedUpLog(slot, origin, origin.startSeqno(), Chain.START));
    }

    private static BackupBase base(int slot, SlotBase base) {
        return new BackupBase(
                new BackupPoint(base.logs().stream()
                        .map(held -> new BackedUpLog(slot, held.origin(), held.lastSeqno(), held.chain()))
                        .toList()),
                new BackupPoint(base.merged().entrySet().stream()
                        .map(end -> new BackedUpLog(slot, end.getKey(), end.getValue(), Chain.START))
                        .toList()),
                Hlc.millis(base.lastHlc()));
    }

    private void write(BackupWriter writer, int slot, TenantShard shard, SnapshotSource source) throws IOException {
        SnapshotSource.Part part;
        do {
            int most = copy.most();
            part = copy.copy(shard, () -> source.next(most), each -> each.content().length);
            writer.base(slot, part.content());
        } while (!part.last());
    }

    // The head is not sealed, and the label of an encrypted tenant is among what is.
    private static TenantConfig visible(TenantConfig config) {
        return config.encrypted()
                ? config.toBuilder().label(TenantConfig.DEFAULT_LABEL).build()
                : config;
    }

    private List<Range> ranges(BackupBase base) {
        List<Range> ranges = new ArrayList<>();
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            TenantShard shard = replica(tenant.placement().get(slot));
            int index = slot;
            ranges.addAll(tidal.await(tidal.node(shard).withLogs(shard, 0, logs -> ranges(index, shard, logs, base))));
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

    private List<Range> ranges(int slot, TenantShard shard, SlotLogs logs, BackupBase base) {
        List<Range> ranges = new ArrayList<>();
        for (SlotLogs.Held held : logs.heldOfMerged()) {
            BackedUpLog from = base.merged().log(slot, held.origin()).orElseGet(() -> from(slot, held.origin()));
            // There may be no log of it any more, which is needed no more.
            ranges.add(
                    from.lastSeqno() == held.lastSeqno()
                            ? new Range(slot, shard, from, held.lastSeqno())
                            : range(slot, shard, logs, held, from));
        }
        for (SlotLogs.Held held : logs.held()) {
            BackedUpLog from = base.logs().log(slot, held.origin()).orElseGet(() -> from(slot, held.origin()));
            ranges.add(range(slot, shard, logs, held, from));
        }
        return ranges;
    }

    private Range range(int slot, TenantShard shard, SlotLogs logs, SlotLogs.Held held, BackedUpLog from) {
        OptionalLong chain = Long.compareUnsigned(from.lastSeqno(), held.lastSeqno()) > 0
                ? OptionalLong.empty()
                : logs.chainAt(held.origin(), from.lastSeqno());
        if (chain.isEmpty() || chain.getAsLong() != from.chain()) {
            throw notContinued(from);
        }
        return new Range(slot, shard, from, held.lastSeqno());
    }

    private TidalException notContinued(BackedUpLog log) {
        return new TidalException(
                ErrorCode.POSITION_UNKNOWN,
                "the backup's point " + log + " is not one of the logs of tenant " + tenant.id()
                        + " as they are here: the backup is another tenant's, the tenant was erased and made anew, or this replica"
                        + " is behind; begin a new backup in another place, or try again later");
    }

    // A slot that has moved has the same logs where it is now.
    private List<WalBatch> read(Range range, long next) {
        TenantShard shard = range.shard;
        while (true) {
            try {
                TenantShard from = shard;
                int most = copy.most();
                return copy.copy(
                        from,
                        () -> tidal.node(from).withLogs(from, most, logs -> logs.read(range.from.origin(), next, most)),
                        batches -> batches.stream().mapToLong(WalBatch::length).sum());
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
            if (batches.isEmpty() || batches.get(0).firstSeqno() != next) {
                throw shortened(origin, next);
            }
            for (WalBatch batch : batches) {
                if (Long.compareUnsigned(batch.lastSeqno(), range.toSeqno) > 0) {
                    break;
                }
                chain = hash.next(chain, batch);
                if (batch.firstSeqno() != last + 1 || batch.version() > 1 && chain != batch.chain()) {
                    throw new TidalException(
                            ErrorCode.CORRUPT_DATA,
                            "the log of " + origin + " of tenant " + tenant.id() + " can't be read on from seqno "
                                    + Seqno.print(last + 1) + " on: expected chain 0x" + Long.toHexString(chain)
                                    + ", found 0x" + Long.toHexString(batch.chain())
                                    + "; back the tenant up from another node that has it");
                }
                writer.batch(range.slot, batch);
                last = batch.lastSeqno();
            }
        }
        return new BackedUpLog(range.slot, origin, last, chain);
    }

    private TidalException shortened(Origin origin, long seqno) {
        return new TidalException(
                ErrorCode.NOT_CAUGHT_UP,
                "the log of " + origin + " of tenant " + tenant.id() + " can't be read on from seqno "
                        + Seqno.print(seqno) + " on: this node cut it, or fetched it anew, meanwhile; try again");
    }
}
