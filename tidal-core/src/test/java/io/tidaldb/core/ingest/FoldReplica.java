package io.tidaldb.core.ingest;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.LogStatus;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalCursor;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.core.ManualClock;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.crdt.Hlc;
import io.tidaldb.core.directory.EphemeralHome;
import io.tidaldb.core.directory.NodeDirectory;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.directory.NodeIdentity;
import io.tidaldb.core.memory.MemoryWalStoreFactory;
import io.tidaldb.core.quota.TokenBucketLimiterFactory;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One replica of a slot in a model: its logs, which outlive a crash, and what it has folded them into. */
final class FoldReplica {

    static final TenantId TENANT = TenantId.of(7);
    static final long SEED = 99;

    final ManualClock clock = new ManualClock();

    private final boolean durable;
    private final ReplicaId replica;
    private final NodeHome home;
    private final WalStore store;
    private final Schema schema;
    private final Flow flow;
    private CommitLoop loop;
    private SlotRecovery recovery;
    TenantShard shard;

    FoldReplica(int region, Path directory, boolean durable) {
        this(region, directory, durable, null);
    }

    /** A replica on the heap that crashes between steps of what it does to its disk. */
    FoldReplica(int region, Path directory, Steps steps) {
        this(region, directory, true, steps);
    }

    private FoldReplica(int region, Path directory, boolean durable, @Nullable Steps steps) {
        this.durable = durable;
        replica = new ReplicaId(RegionId.of(region), ShardId.of(0));
        if (steps != null) {
            home = steps.home();
        } else {
            home = durable
                    ? NodeDirectory.open(
                            directory,
                            new NodeIdentity("test", NodeId.of("n0"), replica.region(), "memory", "0", true, false))
                    : new EphemeralHome();
        }
        WalStore memory = new MemoryWalStoreFactory()
                .create(new WalStoreContext(directory, replica.region(), 1 << 20, Runnable::run));
        store = steps != null ? steps.store(memory) : memory;
        schema = schema();
        TenantConfig config = TenantConfig.builder(TENANT).build();
        flow = new Flow(new TenantState(
                config,
                new RateQuota(config, new TokenBucketLimiterFactory(), 0),
                SEED,
                new QueueBudget(1 << 20, 1 << 20)));
        loop = newLoop();
        recovery = recovery(durable);
        shard = open();
    }

    static Schema schema() {
        Schema schema = new Schema();
        schema.update(java.util.List.of(
                new SchemaEntry(0, "view", 3_600_000_000_000L), new SchemaEntry(1, "like", 86_400_000_000_000L)));
        return schema;
    }

    private CommitLoop newLoop() {
        return new CommitLoop(
                store, () -> {}, clock, new Hlc(clock), schema, new ForegroundLatency(clock, 1.25), grown -> {});
    }

    private SlotRecovery recovery(boolean durable) {
        return new SlotRecovery(
                durable ? home : new EphemeralHome(),
                store,
                new NodeSettings("test", Long.MAX_VALUE / 4, -1, 0, 1, 0),
                schema,
                loop);
    }

    private TenantShard open() {
        return recovery.open(flow, replica, Seqno.MAX_INCARNATION);
    }

    /** Returns what commits to it. */
    CommitLoop loop() {
        return loop;
    }

    /** Loses all but the logs and the checkpoint, and comes back. */
    void crash() {
        loop = newLoop();
        recovery = recovery(durable);
        shard = open();
    }

    /** Returns what a replica with the same logs and without a checkpoint would come to. */
    TenantShard withoutCheckpoint() {
        return recovery(false).open(flow, replica, Seqno.MAX_INCARNATION);
    }

    void receive(Origin origin, WalBatch batch) {
        store.append(new LogId(replica.shard(), TENANT, origin), batch);
        OriginLedger ledger = shard.ledger(origin);
        ledger.lastSeqno = batch.lastSeqno();
        ledger.chain = batch.chain();
        loop.commits().folder().fold(shard, ledger, batch);
        shard.folded();
    }

    void checkpoint(boolean truncate) {
        if (shard.needsSnapshot() || !shard.merges.isEmpty()) {
            return;
        }
        try (SlotImage image = new SlotImage(shard)) {
            Checkpoint.write(home, image, () -> false);
            if (truncate) {
                recovery.logs(shard)
                        .forEach(status ->
                                truncate(status, image.end(status.log().origin())));
            }
        }
    }

    /** Reads a checkpoint into a state that nobody sees. */
    void read(NodeHome.StoredFile checkpoint) {
        recovery.read(checkpoint, recovery.empty(shard));
    }

    /** Takes the state of another replica's checkpoint. */
    void install(FoldReplica from) {
        try (NodeHome.PendingFile file =
                home.create(TENANT, Checkpoint.snapshotName(shard.replica().shard()))) {
            file.write(from.checkpointBytes());
            file.publish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        TenantShard fresh = recovery.empty(shard);
        long bytes = recovery.read(
                home.find(TENANT, Checkpoint.snapshotName(shard.replica().shard()))
                        .orElseThrow(),
                fresh);
        recovery.snapshots().install(shard, fresh, bytes);
    }

    byte[] checkpointBytes() throws IOException {
        try (InputStream in = home.find(TENANT, Checkpoint.name(replica.shard()))
                .orElseThrow()
                .open()) {
            return in.readAllBytes();
        }
    }

    /** Throws away what is damaged. */
    boolean reset() {
        return recovery.snapshots().reset(shard);
    }

    /** Spoils the checkpoint. */
    void spoilCheckpoint() {
        try (NodeHome.PendingFile file = home.create(TENANT, Checkpoint.name(replica.shard()))) {
            byte[] bytes = checkpointBytes();
            bytes[bytes.length - 1] ^= 1;
            file.write(bytes);
            file.publish();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void truncate(LogStatus status, long end) {
        Chain chain = new Chain();
        long before = status.baseChain();
        long from = status.firstSeqno();
        try (WalCursor cursor = store.read(status.log(), from)) {
            for (WalBatch batch = cursor.next();
                    batch != null && Long.compareUnsigned(batch.lastSeqno(), end) <= 0;
                    batch = cursor.next()) {
                before = chain.next(before, batch);
                from = batch.lastSeqno() + 1;
            }
        }
        store.truncateBefore(status.log(), from, before);
    }

    /** Returns all that a slot's state has that must not depend on how it came about. */
    static Map<String, String> state(TenantShard slot) {
        Map<String, String> state = new TreeMap<>();
        slot.origins.values().stream()
                .filter(each -> each.foldedSeqno != each.origin.startSeqno())
                .forEach(each -> {
                    state.put(each.origin.toString(), each.ledger.digest(SEED).toString());
                    state.put(
                            each.origin + " at", Seqno.print(each.foldedSeqno) + " of " + Seqno.print(each.lastSeqno));
                    state.put(each.origin + " chain", Long.toHexString(each.chain));
                });
        state.put("slot", slot.digest(SEED).toString());
        state.put("totals", slot.readable().total(0) + " " + slot.readable().total(1));
        state.put("entities", slot.entityCount() + "");
        state.put("metering", slot.metering.before() + " " + slot.metering.hours());
        state.put("keys", keys(slot.keys));
        state.put("hlc", slot.lastHlc + "");
        return state;
    }

    static String keys(KeyMemory keys) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            KeyMemory.write(keys.entries(), new DataOutputStream(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
