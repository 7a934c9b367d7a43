package io.tidaldb.wal.file;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Whether a segment's first batch is the one that its name and place promise: files that were swapped are whole, but somebody else's. */
final class BatchIdentity {

    private BatchIdentity() {}

    static @Nullable Damage check(LogId log, long firstSeqno, ByteBuffer header, String file) {
        try {
            WalBatch.checkHeader(header, 0);
        } catch (BatchCorruptException e) {
            return Damage.of(file, 0, e);
        } catch (TidalException e) {
            // Not readable by this version, which whoever reads it will be told.
            return null;
        }
        long seqno = header.getLong(8);
        TenantId tenant = TenantId.of(header.getLong(24));
        Origin origin = Origin.of(
                RegionId.of(Short.toUnsignedInt(header.getShort(60))),
                ShardId.of(Short.toUnsignedInt(header.getShort(58))),
                seqno);
        if (tenant.equals(log.tenant()) && origin.equals(log.origin()) && seqno == firstSeqno) {
            return null;
        }
        return new Damage(file, 0, print(log.tenant(), log.origin(), firstSeqno), print(tenant, origin, seqno));
    }

    static @Nullable Damage check(LogId log, long seqno, WalBatch batch, String file, long offset) {
        if (batch.tenant().equals(log.tenant()) && batch.origin().equals(log.origin()) && batch.firstSeqno() == seqno) {
            return null;
        }
        return new Damage(
                file,
                offset,
                print(log.tenant(), log.origin(), seqno),
                print(batch.tenant(), batch.origin(), batch.firstSeqno()));
    }

    private static String print(TenantId tenant, Origin origin, long seqno) {
        return "seqno " + Seqno.print(seqno) + " of " + tenant + "/" + origin;
    }
}
