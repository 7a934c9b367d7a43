package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.placement.ShardAssignment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateCodecTest {

    private static final int REGIONS = 3;
    private static final int SHARDS = 4;

    private final StateCodec codec = new StateCodec();
    private final CommandCodec commands = new CommandCodec();

    @TempDir
    Path home;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89})
    void decodedStateIsTheSameAndAnswersLaterCommandsAlike(long seed) {
        Random random = new Random(seed);
        ClusterState state = new ClusterState();
        for (int i = 0; i < 400; i++) {
            state.apply(command(random));
            if (random.nextInt(40) == 0) {
                ClusterState decoded = codec.decode(codec.encode(state));
                assertThat(codec.encode(decoded)).isEqualTo(codec.encode(state));
                assertThat(decoded.tenants()).isEqualTo(state.tenants());
                assertThat(decoded.schema()).isEqualTo(state.schema());
                assertThat(decoded.shards()).isEqualTo(state.shards());
                assertThat(decoded.erased()).isEqualTo(state.erased());
                for (int j = 0; j < 60; j++) {
                    ClusterCommand next = command(random);
                    assertThat(decoded.apply(next))
                            .as("seed %s, %s", seed, next)
                            .isEqualTo(state.apply(next));
                }
                assertThat(codec.encode(decoded)).isEqualTo(codec.encode(state));
            }
        }
        assertThat(state.tenants()).isNotEmpty();
        assertThat(state.graves()).isNotEmpty();
        assertThat(state.incarnations()).isNotEmpty();
    }

    @Test
    void replacedStateHoldsNothingOfTheFormer() {
        Random random = new Random(7);
        ClusterState former = new ClusterState();
        ClusterState other = new ClusterState();
        for (int i = 0; i < 200; i++) {
            former.apply(command(random));
            other.apply(command(random));
        }
        former.replaceWith(other);
        assertThat(codec.encode(former)).isEqualTo(codec.encode(other));
    }

    @Test
    void stateOfVersionOnePrefersWhoLeads() {
        Random random = new Random(3);
        ClusterState state = new ClusterState();
        for (int i = 0; i < 200; i++) {
            state.apply(command(random));
        }
        String now = new String(codec.encode(state), StandardCharsets.UTF_8);
        String before = now.replace("\"v\":2", "\"v\":1")
                .replaceAll("\"preferred\":\\[[^]]*],", "")
                .replaceAll(",\"lease_nanos\":\\{[^}]*}", "");
        ClusterState decoded = codec.decode(before.getBytes(StandardCharsets.UTF_8));
        assertThat(decoded.tenants())
                .isNotEmpty()
                .allSatisfy((id, tenant) -> assertThat(tenant.preferred()).isEqualTo(tenant.placement()));
        assertThat(decoded.leaseNanos(NodeId.of("n0")))
                .isEqualTo(Duration.ofSeconds(2).toNanos());
        assertThat(decoded.leases()).isEqualTo(state.leases());
    }

    @Test
    void newerOrMalformedSnapshotIsRefused() {
        refuses(ErrorCode.FORMAT_TOO_NEW, "{\"v\":3,\"cluster\":\"c\"}");
        refuses(ErrorCode.CORRUPT_DATA, "{");
        refuses(ErrorCode.CORRUPT_DATA, "{\"v\":0}");
        refuses(ErrorCode.CORRUPT_DATA, "{\"v\":1,\"cluster\":\"c\",\"incarnations\":{\"x\":1}}");
        refuses(ErrorCode.CORRUPT_DATA, "{\"v\":1,\"cluster\":\"c\",\"tenants\":[{\"tenant\":\"-1\"}]}");
    }

    @Test
    void controlPlaneCompactsItsLogAndComesBackFromTheSnapshot() throws Exception {
        NodeId node = NodeId.of("n0");
        ReplicaId replica = ReplicaId.parse("r0:s1");
        ControlLogContext context = new ControlLogContext(home, node, List.of(node));
        try (ControlPlane plane = new ControlPlane(new LocalControlLogFactory().create(context), Runnable::run)) {
            plane.submit(new ClusterCommand.DefineTopology("c", shards())).join();
            for (int i = 0; i < 2100; i++) {
                plane.submit(new ClusterCommand.GrantIncarnation(replica)).join();
            }
        }
        assertThat(snapshots()).containsExactly("snapshot-00000000000000002048.snap");
        for (int round = 0; round < 2; round++) {
            try (ControlPlane plane = new ControlPlane(new LocalControlLogFactory().create(context), Runnable::run)) {
                assertThat(plane.cluster()).isEqualTo("c");
                assertThat(plane.shards()).isEqualTo(shards());
                assertThat(plane.incarnation(replica)).isEqualTo(2100 + round);
                plane.submit(new ClusterCommand.GrantIncarnation(replica)).join();
            }
        }
    }

    private List<String> snapshots() throws Exception {
        try (Stream<Path> files = Files.list(home)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .filter(name -> name.endsWith(".snap"))
                    .toList();
        }
    }

    private void refuses(ErrorCode code, String text) {
        assertThatThrownBy(() -> codec.decode(text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfSatisfying(
                        TidalException.class,
                        thrown -> assertThat(thrown.code()).isEqualTo(code));
    }

    /** A command as it comes out of the log. */
    private ClusterCommand command(Random random) {
        ClusterCommand made = switch (random.nextInt(11)) {
            case 0 -> new ClusterCommand.DefineTopology("c" + random.nextInt(2), shards());
            case 1 ->
                new ClusterCommand.DeclareSignal(
                        "signal" + random.nextInt(300), 1_000_000_000L * (1 + random.nextInt(3)));
            case 2, 3 ->
                new ClusterCommand.CreateTenant(
                        config(random), List.of(replica(random), replica(random)), random.nextLong());
            case 4 -> new ClusterCommand.UpdateTenant(config(random));
            case 5 -> new ClusterCommand.Promote(tenant(random), replica(random));
            case 6 -> new ClusterCommand.DeleteTenant(tenant(random));
            case 7 ->
                new ClusterCommand.RenewLease(
                        NodeId.of("n" + random.nextInt(3)), random.nextInt(4), 1 + random.nextInt(9));
            case 8 ->
                new ClusterCommand.TakeOver(
                        NodeId.of("n" + random.nextInt(3)),
                        random.nextInt(4),
                        List.of(new ClusterCommand.Promote(tenant(random), replica(random))),
                        random.nextBoolean());
            case 9 -> new ClusterCommand.Prefer(tenant(random), replica(random));
            default -> new ClusterCommand.GrantIncarnation(replica(random));
        };
        return commands.decode(commands.encode(made));
    }

    private static TenantConfig config(Random random) {
        List<RegionId> regions = new ArrayList<>();
        for (int i = 0; i < random.nextInt(3); i++) {
            regions.add(RegionId.of(i));
        }
        return new TenantConfig(
                tenant(random),
                TenantConfig.DEFAULT_LABEL,
                random.nextBoolean() ? OptionalDouble.of(1 + random.nextDouble() * 1e6) : OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                random.nextBoolean() ? OptionalLong.of(1 + random.nextInt(1_000_000)) : OptionalLong.empty(),
                OptionalLong.empty(),
                regions,
                Durability.values()[random.nextInt(Durability.values().length)],
                WriteMode.values()[random.nextInt(WriteMode.values().length)],
                1 + random.nextInt(2),
                List.of(),
                Duration.ofNanos(random.nextInt(1_000_000)));
    }

    private static TenantId tenant(Random random) {
        return TenantId.of(1 + random.nextInt(12));
    }

    private static ReplicaId replica(Random random) {
        return ReplicaId.parse("r" + random.nextInt(REGIONS) + ":s" + random.nextInt(SHARDS));
    }

    private static List<ShardAssignment> shards() {
        List<ShardAssignment> shards = new ArrayList<>();
        for (int region = 0; region < REGIONS; region++) {
            for (int shard = 0; shard < SHARDS; shard++) {
                ReplicaId replica = ReplicaId.parse("r" + region + ":s" + shard);
                shards.add(new ShardAssignment(replica.shard(), replica.region(), NodeId.of("n" + region)));
            }
        }
        return shards;
    }
}
