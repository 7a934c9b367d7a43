package io.tidaldb.core.tenant;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.TenantShard;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Hands over what a tenant's logs hold, slot by slot and part by part. Logs of a slot are the same wherever it is, so a slot that moves
 * meanwhile is gone on with at the place that was reached.
 *
 * @param <T> what is handed over
 */
final class SlotExport<T> {

    private final EmbeddedTenant tenant;
    private final Source<T> source;

    /** Reads a part of a slot, wherever it is now. */
    interface Source<T> {

        Part<T> read(int slot, Place from);
    }

    /**
     * Where to go on.
     *
     * @param origin whose log it is; null to begin
     */
    record Place(@Nullable Origin origin, long seqno) {}

    /**
     * A part of a slot.
     *
     * @param next where the next one begins; null after the last one
     */
    record Part<T>(List<T> items, @Nullable Place next) {}

    SlotExport(EmbeddedTenant tenant, Source<T> source) {
        this.tenant = tenant;
        this.source = source;
    }

    /** Takes of a batch what is handed over. */
    interface Extract<T> {

        void from(TenantShard shard, Node.Counted batch, Consumer<T> to);
    }

    /** Of a tenant all of whose replicas are in this process. */
    static <T> SlotExport<T> here(EmbeddedTenant tenant, Instance tidal, MovingReads moving, Extract<T> extract) {
        return new SlotExport<>(
                tenant,
                (slot, from) ->
                        moving.read(() -> here(tidal, tenant.replica(slot, ReadOptions.DEFAULT), from, extract)));
    }

    void to(Consumer<T> consumer) {
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            Place from = new Place(null, 0);
            while (from != null) {
                Part<T> part = source.read(slot, from);
                part.items.forEach(consumer);
                from = part.next;
            }
        }
    }

    /** Reads a part of a replica that is here. */
    static <T> Part<T> here(Instance tidal, TenantShard shard, Place from, Extract<T> extract) {
        LogId log = from.origin == null ? null : shard.log(from.origin);
        Node.Chunk chunk = tidal.await(tidal.node(shard).read(shard, log, from.seqno));
        List<T> items = new ArrayList<>();
        chunk.batches().forEach(counted -> extract.from(shard, counted, items::add));
        LogId next = chunk.nextLog();
        return new Part<>(items, next == null ? null : new Place(next.origin(), chunk.nextSeqno()));
    }

    /** Returns where to go on, as nodes tell each other. */
    static @Nullable Place place(int @Nullable [] origin, long seqno) {
        return origin == null
                ? null
                : new Place(new Origin(RegionId.of(origin[0]), ShardId.of(origin[1]), origin[2]), seqno);
    }

    /** Returns an origin as nodes tell it each other. */
    static int @Nullable [] told(Place place) {
        Origin origin = place.origin;
        return origin == null
                ? null
                : new int[] {origin.region().value(), origin.shard().value(), origin.incarnation()};
    }
}
