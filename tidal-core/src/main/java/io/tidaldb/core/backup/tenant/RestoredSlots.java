package io.tidaldb.core.backup.tenant;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.backup.BackupReplay;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.ingest.BaseReceiver;
import io.tidaldb.core.ingest.ReceivedBatches;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.lifecycle.TenantLifecycle;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * The slots of a tenant that is being restored, in this process: each takes its checkpoint, if the backup has one of it, and then batches.
 *
 * <p>Confined to one thread.
 */
final class RestoredSlots implements BackupReplay.Consumer {

    private final Instance tidal;
    private final TenantLifecycle tenants;
    private final EmbeddedTenant tenant;
    private final TenantId from;
    private final KeyRing keys;
    private final SortedMap<Integer, RenamedOrigins> names;
    private final SortedMap<Integer, BaseReceiver> bases = new TreeMap<>();
    private final Map<Integer, Set<Long>> erasures = new HashMap<>();
    private final PacedCopy copy;

    /**
     * Creates those of a tenant that has nothing yet.
     *
     * @param from the tenant that the backup is of
     * @param keys with which it was sealed
     * @param names how the origins of each slot are called here
     */
    RestoredSlots(
            Instance tidal,
            TenantLifecycle tenants,
            EmbeddedTenant tenant,
            TenantId from,
            KeyRing keys,
            SortedMap<Integer, RenamedOrigins> names) {
        this.tidal = tidal;
        this.tenants = tenants;
        this.tenant = tenant;
        this.from = from;
        this.keys = keys;
        this.names = names;
        this.copy = new PacedCopy(tidal);
    }

    @Override
    public void base(int slot, byte[] bytes) {
        BaseReceiver receiver = bases.computeIfAbsent(slot, each -> {
            TenantShard shard = leading(each);
            RenamedOrigins of = Objects.requireNonNull(names.get(each), "a slot with a checkpoint has origins");
            return tidal.node(shard).baseReceiver(shard, from, keys, of);
        });
        copy.copy(leading(slot), () -> receiver.write(bytes), written -> bytes.length);
    }

    @Override
    public void accept(int slot, List<WalBatch> batches) {
        install(slot);
        TenantShard shard = leading(slot);
        TidalException problem = copy.copy(shard, () -> appended(shard, batches), result -> bytes(batches))
                .problem();
        if (problem != null) {
            throw problem;
        }
    }

    private static long bytes(List<WalBatch> batches) {
        return batches.stream().mapToLong(WalBatch::length).sum();
    }

    private CompletableFuture<ReceivedBatches.Result> appended(TenantShard shard, List<WalBatch> batches) {
        CompletableFuture<ReceivedBatches.Result> appended = new CompletableFuture<>();
        tidal.node(shard).receive(ReceivedBatches.patient(shard, batches, appended::complete));
        return appended;
    }

    @Override
    public int most() {
        return copy.most();
    }

    /** Everything was handed over. */
    void finish() {
        List.copyOf(bases.keySet()).forEach(this::install);
    }

    private void install(int slot) {
        BaseReceiver receiver = bases.get(slot);
        if (receiver != null) {
            tidal.await(receiver.install());
            bases.remove(slot);
            erasures.put(slot, receiver.erasures());
            tenants.rejoin(tenant, leading(slot));
        }
    }

    /** Gives up what is not complete. */
    void discard() {
        bases.values().forEach(BaseReceiver::discard);
        bases.clear();
    }

    /** Returns the numbers of the erasures that the checkpoint of a slot has carried out. */
    Set<Long> erasures(int slot) {
        return erasures.getOrDefault(slot, Collections.emptySet());
    }

    private TenantShard leading(int slot) {
        return tenant.leading(tenant.placement().get(slot).shard());
    }
}
