package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Replicas that receive the same logs")
class OriginFoldTest {

    private static final int SEEDS = Integer.getInteger("tidal.sim.seeds", 1500);

    @TempDir
    Path directory;

    @Test
    @DisplayName(
            "F-51 come to the same bits, however the logs interleave, whenever they crash, with and without checkpoints")
    void comeToTheSameBits() {
        int rebuilt = 0;
        int beyond = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            FoldHistory history = new FoldHistory(random);
            boolean checkpoints = seed % 12 == 0;
            boolean truncates = seed % 36 == 0;
            Map<String, String> expected = null;
            for (int region = 0; region < 3; region++) {
                FoldReplica replica = new FoldReplica(region, directory.resolve(seed + "-" + region), checkpoints);
                deliver(history, replica, random.split(), checkpoints, truncates);
                if (replica.shard.needsSnapshot()) {
                    assertThat(truncates).as("seed %s", seed).isTrue();
                    assertThat(replica.shard.writeRefusal())
                            .isNotNull()
                            .extracting(TidalException::code)
                            .isEqualTo(ErrorCode.NOT_CAUGHT_UP);
                    beyond++;
                    continue;
                }
                assertThat(replica.shard.damage()).as("seed %s", seed).isNull();
                Map<String, String> state = FoldReplica.state(replica.shard);
                assertThat(state).as("seed %s, region %s", seed, region).containsAllEntriesOf(history.expected());
                expected = expected == null ? state : expected;
                assertThat(state).as("seed %s, region %s", seed, region).isEqualTo(expected);
                replica.crash();
                assertThat(FoldReplica.state(replica.shard))
                        .as("seed %s, region %s, after a crash", seed, region)
                        .isEqualTo(expected);
                rebuilt++;
            }
        }
        assertThat(rebuilt).isPositive();
        assertThat(beyond).as("needed snapshots").isPositive();
    }

    @Test
    @DisplayName("that merge what closed origins hold come to the same bits, too, however the logs interleave")
    void mergesInAnyOrder() {
        int merged = 0;
        for (int seed = 1; seed <= SEEDS / 5; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            FoldHistory history = FoldHistory.ofLeaders(random);
            boolean checkpoints = seed % 12 == 0;
            Map<String, String> counted = history.expected();
            counted.keySet().removeIf(key -> key.startsWith("r"));
            Map<String, String> expected = null;
            for (int region = 0; region < 3; region++) {
                FoldReplica replica =
                        new FoldReplica(region, directory.resolve("m" + seed + "-" + region), checkpoints);
                deliver(history, replica, random.split(), checkpoints, checkpoints && seed % 24 == 0);
                assertThat(replica.shard.damage()).as("seed %s", seed).isNull();
                assertThat(replica.shard.merges.isEmpty()).as("seed %s", seed).isTrue();
                Map<String, String> state = FoldReplica.state(replica.shard);
                expected = expected == null ? state : expected;
                assertThat(state)
                        .as("seed %s, region %s", seed, region)
                        .isEqualTo(expected)
                        .containsAllEntriesOf(counted);
                replica.crash();
                assertThat(FoldReplica.state(replica.shard))
                        .as("seed %s, region %s, after a crash", seed, region)
                        .isEqualTo(expected);
                merged += replica.shard.base == null ? 0 : 1;
            }
        }
        assertThat(merged).isGreaterThan(SEEDS / 5);
    }

    private static void deliver(
            FoldHistory history, FoldReplica replica, SplittableRandom random, boolean checkpoints, boolean truncates) {
        Map<Origin, Integer> next = new HashMap<>();
        List<Origin> left = new ArrayList<>(history.logs.keySet());
        while (!left.isEmpty()) {
            Origin origin = left.get(random.nextInt(left.size()));
            List<WalBatch> log = history.log(origin);
            int at = next.getOrDefault(origin, 0);
            if (at == log.size()) {
                left.remove(origin);
                continue;
            }
            replica.receive(origin, log.get(at));
            next.put(origin, at + 1);
            if (checkpoints && random.nextInt(16) == 0) {
                replica.checkpoint(truncates);
            }
            switch (random.nextInt(30)) {
                case 0 -> replica.crash();
                case 1 -> {
                    if (!truncates) {
                        assertThat(FoldReplica.state(replica.withoutCheckpoint()))
                                .isEqualTo(FoldReplica.state(replica.shard));
                    }
                }
                default -> {}
            }
        }
    }
}
