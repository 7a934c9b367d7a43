package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.OriginSet;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A snapshot")
class SnapshotInstallTest {

    private static final int SEEDS = Integer.getInteger("tidal.snapshot.seeds", 40);

    /** A replica in a region that no history writes in. */
    private static final int FOLLOWER = 9;

    @Test
    @DisplayName(
            "R-36: is there as a whole or not at all, whenever the replica crashes while it is installed, and again while that is finished")
    void survivesCrashesAtEachStep() {
        int crashes = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            FoldHistory history = new FoldHistory(random);
            Map<Origin, Integer> held = positions(history, random);
            FoldReplica leader = replica(0, new Steps());
            deliver(history, leader, Map.of(), ends(history));
            leader.checkpoint(true);
            if (leader.shard.needsSnapshot()) {
                continue;
            }
            boolean truncated = random.nextBoolean();
            boolean finished = false;
            for (int step = 1; !finished; step++) {
                for (int again = 1; !finished; again++) {
                    Steps steps = new Steps();
                    FoldReplica follower = replica(FOLLOWER, steps);
                    deliver(history, follower, Map.of(), held);
                    follower.checkpoint(truncated);
                    Map<String, String> before = FoldReplica.state(follower.shard);
                    boolean first = crashes(steps, step, () -> follower.install(leader));
                    finished = !first;
                    boolean second = first && crashes(steps, again, follower::crash);
                    steps.crashAt(0);
                    follower.crash();
                    crashes++;
                    assertThat(follower.shard.damage())
                            .as("seed %s, crash at %s and %s", seed, step, again)
                            .isNull();
                    if (step == 1) {
                        assertThat(FoldReplica.state(follower.shard)).isEqualTo(before);
                        follower.install(leader);
                    }
                    assertThat(FoldReplica.state(follower.shard))
                            .as("seed %s, crash at %s and %s", seed, step, again)
                            .isEqualTo(FoldReplica.state(leader.shard));
                    if (first && !second) {
                        break;
                    }
                }
            }
        }
        assertThat(crashes).isGreaterThan(SEEDS * 4);
    }

    @Test
    @DisplayName("R-36: and the rest of the logs come to the same bits as the logs from the start")
    void goesOnWithTheRest() {
        int again = 0;
        for (int seed = 1; seed <= 5 * SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            FoldHistory history = new FoldHistory(random);
            Map<Origin, Integer> middle = positions(history, random);
            FoldReplica leader = replica(0, new Steps());
            deliver(history, leader, Map.of(), middle);
            if (leader.shard.needsSnapshot()) {
                continue;
            }
            leader.checkpoint(false);
            FoldReplica follower = replica(FOLLOWER, new Steps());
            follower.install(leader);
            deliver(history, leader, middle, ends(history));
            deliver(history, follower, middle, ends(history));
            if (follower.shard.needsSnapshot()) {
                // A part of a log counts now that did not when the snapshot was taken.
                leader.checkpoint(false);
                follower.install(leader);
                again++;
            }
            assertThat(follower.shard.damage()).as("seed %s", seed).isNull();
            assertThat(FoldReplica.state(follower.shard))
                    .as("seed %s", seed)
                    .isEqualTo(FoldReplica.state(leader.shard));
            follower.crash();
            assertThat(FoldReplica.state(follower.shard))
                    .as("seed %s", seed)
                    .isEqualTo(FoldReplica.state(leader.shard));
        }
        assertThat(again).isPositive();
    }

    @Test
    @DisplayName("R-36: that is behind what a replica holds of any origin is refused, and changes nothing")
    void refusesToGoBack() {
        FoldHistory history = new FoldHistory(new SplittableRandom(1));
        FoldReplica leader = replica(0, new Steps());
        Map<Origin, Integer> ends = ends(history);
        Origin some = history.logs.entrySet().stream()
                .filter(log -> !log.getValue().isEmpty())
                .findFirst()
                .orElseThrow()
                .getKey();
        ends.merge(some, -1, Integer::sum);
        deliver(history, leader, Map.of(), ends);
        leader.checkpoint(false);
        FoldReplica follower = replica(FOLLOWER, new Steps());
        deliver(history, follower, Map.of(), ends(history));
        Map<String, String> before = FoldReplica.state(follower.shard);
        assertThatExceptionOfType(TidalException.class).isThrownBy(() -> follower.install(leader));
        assertThat(follower.shard.damage()).isNull();
        assertThat(FoldReplica.state(follower.shard)).isEqualTo(before);
        follower.crash();
        assertThat(FoldReplica.state(follower.shard)).isEqualTo(before);
    }

    @Test
    @DisplayName("R-32: What is damaged is thrown away as a whole, whenever the replica crashes meanwhile")
    void resets() {
        int resets = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            FoldHistory history = new FoldHistory(new SplittableRandom(seed));
            FoldReplica leader = replica(0, new Steps());
            deliver(history, leader, Map.of(), ends(history));
            leader.checkpoint(true);
            if (leader.shard.needsSnapshot()) {
                continue;
            }
            boolean crashed = true;
            for (int step = 1; crashed; step++) {
                Steps steps = new Steps();
                FoldReplica follower = replica(FOLLOWER, steps);
                deliver(history, follower, Map.of(), ends(history));
                follower.checkpoint(true);
                follower.spoilCheckpoint();
                follower.crash();
                if (follower.shard.damage() == null) {
                    // Nothing of its logs was truncated.
                    break;
                }
                assertThat(follower.reset()).as("without a leader").isFalse();
                lead(follower);
                crashed = crashes(steps, step, follower::reset);
                resets++;
                steps.crashAt(0);
                follower.crash();
                lead(follower);
                if (follower.shard.damage() != null) {
                    assertThat(follower.reset()).isTrue();
                }
                follower.install(leader);
                assertThat(follower.shard.damage())
                        .as("seed %s, crash at %s", seed, step)
                        .isNull();
                follower.shard.fresh(0);
                assertThat(FoldReplica.state(follower.shard))
                        .as("seed %s, crash at %s", seed, step)
                        .isEqualTo(FoldReplica.state(leader.shard));
            }
        }
        assertThat(resets).isPositive();
    }

    @Test
    @DisplayName("R-32: What a replica has written itself, or leads, is never thrown away")
    void keepsWhatNobodyElseMayHave() {
        int kept = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            FoldHistory history = new FoldHistory(new SplittableRandom(seed));
            for (Origin written : history.logs.keySet()) {
                FoldReplica writer = damaged(history, written.region().value());
                boolean own = written.shard().equals(ShardId.of(0))
                        && !history.log(written).isEmpty();
                if (own && writer.shard.damage() != null) {
                    lead(writer);
                    assertThat(writer.reset()).as("seed %s", seed).isFalse();
                    assertThat(writer.shard.damage()).isNotNull();
                    kept++;
                }
            }
            FoldReplica leader = damaged(history, FOLLOWER);
            leader.shard.ledBy(leader.shard.replica(), NodeId.of("n9"), 1, OriginSet.NONE);
            assertThat(leader.reset()).as("seed %s", seed).isFalse();
        }
        assertThat(kept).isPositive();
    }

    private static FoldReplica damaged(FoldHistory history, int region) {
        FoldReplica replica = replica(region, new Steps());
        deliver(history, replica, Map.of(), ends(history));
        replica.checkpoint(true);
        replica.spoilCheckpoint();
        replica.crash();
        return replica;
    }

    private static void lead(FoldReplica follower) {
        follower.shard.ledBy(new ReplicaId(RegionId.of(8), ShardId.of(0)), NodeId.of("n8"), 1, OriginSet.NONE);
    }

    private static FoldReplica replica(int region, Steps steps) {
        return new FoldReplica(region, Path.of(""), steps);
    }

    private static boolean crashes(Steps steps, int at, Runnable action) {
        steps.crashAt(at);
        try {
            action.run();
            return false;
        } catch (Steps.Crash e) {
            return true;
        }
    }

    private static Map<Origin, Integer> ends(FoldHistory history) {
        Map<Origin, Integer> ends = new TreeMap<>();
        history.logs.forEach((origin, log) -> ends.put(origin, log.size()));
        return ends;
    }

    private static Map<Origin, Integer> positions(FoldHistory history, SplittableRandom random) {
        Map<Origin, Integer> positions = new TreeMap<>();
        history.logs.forEach((origin, log) -> positions.put(origin, random.nextInt(log.size() + 1)));
        return positions;
    }

    private static void deliver(
            FoldHistory history, FoldReplica replica, Map<Origin, Integer> from, Map<Origin, Integer> to) {
        history.logs.forEach((origin, log) -> {
            List<WalBatch> range = log.subList(from.getOrDefault(origin, 0), to.getOrDefault(origin, 0));
            range.forEach(batch -> replica.receive(origin, batch));
        });
    }
}
