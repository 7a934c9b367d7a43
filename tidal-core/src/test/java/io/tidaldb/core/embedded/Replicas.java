package io.tidaldb.core.embedded;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.TenantShard;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/** Looks behind the interface of an instance: for tests that compare replicas. */
public final class Replicas {

    private Replicas() {}

    /** Returns the replicas of a tenant's slot as they are now, in order of region. */
    public static List<TenantShard> of(Tidal tidal, TenantId tenant, ShardId shard) {
        return ((EmbeddedTidal) tidal).existing(tenant).replicas(shard);
    }

    /** Returns what tells a tenant from another one that had its id before or has it later. */
    public static long life(Tidal tidal, TenantId tenant) {
        return ((EmbeddedTidal) tidal).existing(tenant).record().digestSeed();
    }

    /** Returns how often slots of a tenant, or of a former one with its id, have got another leader. */
    public static long moves(Tidal tidal, TenantId tenant) {
        return ((EmbeddedTidal) tidal).existing(tenant).record().epoch();
    }

    /** Returns the replicas that are to lead a tenant's slots whenever they can. */
    public static List<ReplicaId> preferred(Tidal tidal, TenantId tenant) {
        return ((EmbeddedTidal) tidal).existing(tenant).record().preferred();
    }

    /** Returns whether a tenant's slots are on a shard, or a copy of one is held there. */
    public static boolean isOn(Tidal tidal, TenantId tenant, ShardId shard) {
        TenantRecord record = ((EmbeddedTidal) tidal).existing(tenant).record();
        return record.slotOf(shard) >= 0
                || record.homes().stream()
                        .anyMatch(home -> home.held() && home.replica().shard().equals(shard));
    }

    /** Returns whether replicas of a tenant come or leave, as far as an instance knows. */
    public static boolean areChanging(Tidal tidal, TenantId tenant) {
        return ((EmbeddedTidal) tidal).existing(tenant).record().change() != null;
    }

    /** Returns a batch of a tenant's log with its content. */
    public static WalBatch opened(Tidal tidal, TenantId tenant, WalBatch batch) {
        return ((EmbeddedTidal) tidal).existing(tenant).keys().open(batch);
    }

    /** Returns the bytes of writes that wait to be committed or to be held by others. */
    public static long queuedBytes(Tidal tidal) {
        return ((EmbeddedTidal) tidal).queue().used();
    }

    /** Returns the most bytes that any node keeps in memory for its followers. */
    public static long mostTailBytes(Tidal tidal) {
        AtomicLong most = new AtomicLong();
        ((EmbeddedTidal) tidal).cluster().forEachReplicator(each -> most.accumulateAndGet(each.tailBytes(), Math::max));
        return most.get();
    }

    /** Begins what {@link Tidal#checkpoint} waits for. */
    public static CompletableFuture<Void> beginCheckpoint(Tidal tidal) {
        return ((EmbeddedTidal) tidal).beginCheckpoint();
    }
}
