package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.core.ManualClock;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.directory.EphemeralHome;
import io.tidaldb.core.memory.MemoryWalStoreFactory;
import io.tidaldb.core.quota.TokenBucketLimiterFactory;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import io.tidaldb.core.runtime.LoopScheduler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Slots that a node takes over at once")
class TakeoversTest implements CommitListener, LoopFactory {

    private static final int SLOTS = 20;
    private static final NodeId NODE = NodeId.of("n0");
    private static final ReplicaId REPLICA = new ReplicaId(RegionId.of(0), ShardId.of(0));
    private static final ReplicaId FORMER = new ReplicaId(RegionId.of(1), ShardId.of(0));

    @TempDir
    Path directory;

    /** How many batches each commit had. */
    private final List<Integer> commits = new ArrayList<>();

    private final List<TenantShard> slots = new ArrayList<>();
    private @Nullable LoopBody loop;
    private Node node;

    @BeforeEach
    void open() {
        node = new Node(
                NODE,
                REPLICA.region(),
                new EphemeralHome(),
                new MemoryWalStoreFactory()
                        .create(new WalStoreContext(directory, REPLICA.region(), 1 << 20, Runnable::run)),
                background("store"),
                background("checkpoints"),
                new NodeSettings("test", Long.MAX_VALUE / 4, -1, 0, 1, 0),
                FoldReplica.schema(),
                new ManualClock());
        node.listener(this);
        IntStream.rangeClosed(1, SLOTS).forEach(id -> slots.add(open(TenantId.of(id))));
        node.start(this);
        slots.forEach(slot -> ledBy(slot, FORMER, 1, OriginSet.NONE));
        turn();
    }

    private TenantShard open(TenantId id) {
        TenantConfig config = TenantConfig.builder(id).build();
        TenantState state = new TenantState(
                config,
                new RateQuota(config, new TokenBucketLimiterFactory(), 0),
                FoldReplica.SEED,
                new QueueBudget(1 << 20, 1 << 20));
        return node.openSlot(state, REPLICA, 9).join();
    }

    @Override
    public void committed(List<Committed> batches, List<WriteRequest> awaiting) {
        commits.add(batches.size());
    }

    @Override
    public boolean marked(TenantShard shard, ControlRecord.DigestMark mark) {
        return false;
    }

    @Override
    public LoopHandle start(String role, LoopBody body) {
        loop = body;
        return new LoopHandle() {
            @Override
            public void wake() {}

            @Override
            public void close() {}
        };
    }

    @Override
    public BackgroundExecutor background(String role) {
        return new BackgroundExecutor() {
            @Override
            public void execute(Runnable work) {
                work.run();
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public CallbackExecutor callbacks(String role) {
        throw new UnsupportedOperationException(role);
    }

    @Override
    public LoopScheduler scheduler(String role) {
        throw new UnsupportedOperationException(role);
    }

    private void takeOver(TenantShard slot) {
        ledBy(slot, REPLICA, 2, OriginSet.NONE.plus(FORMER, 1, 1));
    }

    private void ledBy(TenantShard slot, ReplicaId leader, long epoch, OriginSet former) {
        assertThat(node.ledBy(slot, leader, NODE, epoch, 9, former)).isNotCompletedExceptionally();
    }

    private void turn() {
        Objects.requireNonNull(loop).runOnce();
    }

    @Test
    @DisplayName("are closed to those that led before by one commit")
    void together() {
        slots.forEach(this::takeOver);
        turn();
        assertThat(commits).containsExactly(SLOTS);
        assertThat(slots).noneMatch(slot -> slot.dueTakeover() != null);
    }

    @Test
    @DisplayName("are closed before anything else looks at any of them")
    void beforeATask() {
        takeOver(slots.get(0));
        CompletableFuture<Boolean> due = node.submit(() -> slots.get(0).dueTakeover() != null);
        takeOver(slots.get(1));
        takeOver(slots.get(2));
        ledBy(slots.get(1), FORMER, 3, OriginSet.NONE);
        takeOver(slots.get(3));
        turn();
        assertThat(due).isCompletedWithValue(false);
        assertThat(commits).containsExactly(1, 2, 1);
        assertThat(slots.subList(0, 4)).noneMatch(slot -> slot.dueTakeover() != null);
    }
}
