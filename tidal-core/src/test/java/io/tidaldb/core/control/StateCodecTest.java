package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.core.audit.AuditCheck;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.core.audit.AuditTrail;
import io.tidaldb.core.audit.Provenance;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
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
        Set<String> migrations = new TreeSet<>();
        for (int i = 0; i < 400; i++) {
            state.apply(command(random, state), by(random), i);
            state.migrations().all().stream()
                    .map(each -> each.state() + (each.stalled() ? " stalled" : "") + (each.paused() ? " paused" : ""))
                    .forEach(migrations::add);
            if (random.nextInt(40) == 0) {
                ClusterState decoded = codec.decode(codec.encode(state));
                assertThat(codec.encode(decoded)).isEqualTo(codec.encode(state));
                assertThat(decoded.tenants()).isEqualTo(state.tenants());
                assertThat(decoded.schema()).isEqualTo(state.schema());
                assertThat(decoded.shards()).isEqualTo(state.shards());
                assertThat(decoded.erased()).isEqualTo(state.erased());
                assertThat(decoded.migrations().all())
                        .isEqualTo(state.migrations().all());
                for (int j = 0; j < 60; j++) {
                    ClusterCommand next = command(random, state);
                    Provenance by = by(random);
                    assertThat(decoded.apply(next, by, i))
                            .as("seed %s, %s", seed, next)
                            .isEqualTo(state.apply(next, by, i));
                    assertThat(decoded.audit()).as("seed %s, %s", seed, next).isEqualTo(state.audit());
                }
                assertThat(codec.encode(decoded)).isEqualTo(codec.encode(state));
            }
        }
        assertThat(state.tenants()).isNotEmpty();
        assertThat(state.graves()).isNotEmpty();
        assertThat(state.entityErasures().records()).isNotEmpty();
        assertThat(state.incarnations()).isNotEmpty();
        assertThat(state.audit().count()).isGreaterThan(100);
        assertThat(migrations)
                .hasSizeGreaterThan(4)
                .anyMatch(each -> each.contains("stalled"))
                .anyMatch(each -> each.contains("paused"));
    }

    @Test
    @DisplayName(
            "F-53: one drill of a tenant at a time, until it is over or forgotten; none while its replicas move or a node is upgraded; noted")
    void drills() {
        ClusterState state = new ClusterState();
        Provenance by = new Provenance(new Actor("token 0123456789ab", "192.0.2.7"), 1_000);
        TenantId tenant = TenantId.of(5);
        state.apply(new ClusterCommand.DefineTopology("c", shards()), null, 1);
        DrillRecord first = drill(tenant, 1, DrillOutcome.RUNNING);
        assertThat(state.apply(new ClusterCommand.BeginDrill(first))).isInstanceOf(Reply.Refused.class);
        state.apply(new ClusterCommand.CreateTenant(
                TenantConfig.builder(tenant).build(), List.of(ReplicaId.parse("r0:s1")), 7));
        assertThat(state.apply(new ClusterCommand.BeginDrill(first), by, 2)).isInstanceOf(Reply.Done.class);
        assertThat(refusal(state.apply(new ClusterCommand.BeginDrill(drill(tenant, 2, DrillOutcome.RUNNING)), by, 3)))
                .contains("1970-01-01T00:01:00Z", "is not over");
        assertThat(state.apply(new ClusterCommand.EndDrill(drill(tenant, 1, DrillOutcome.DONE)), by, 4))
                .isInstanceOf(Reply.Done.class);
        assertThat(state.audit().after(0))
                .extracting(each -> each.command() + " " + (each.refused() == null))
                .containsExactly("begin-drill true", "begin-drill false", "end-drill true");
        // Nobody has ended the second, so that it does not keep a third from beginning.
        state.apply(new ClusterCommand.BeginDrill(drill(tenant, 2, DrillOutcome.RUNNING)));
        assertThat(state.apply(new ClusterCommand.BeginDrill(drill(tenant, 4, DrillOutcome.RUNNING))))
                .isInstanceOf(Reply.Done.class);
        assertThat(refusal(state.apply(new ClusterCommand.EndDrill(drill(tenant, 2, DrillOutcome.DONE)))))
                .contains("another one has begun since");
        assertThat(codec.decode(codec.encode(state)).drills().all())
                .isEqualTo(state.drills().all())
                .hasSize(1);

        DrillRecord later = drill(tenant, 9, DrillOutcome.RUNNING);
        state.apply(new ClusterCommand.ChangeReplicas(tenant, List.of(RegionId.of(0), RegionId.of(1)), List.of()));
        assertThat(refusal(state.apply(new ClusterCommand.BeginDrill(later)))).contains("are being moved");
        state.apply(new ClusterCommand.DeleteTenant(tenant));
        assertThat(state.drills().all()).isEmpty();
        state.apply(new ClusterCommand.CreateTenant(
                TenantConfig.builder(tenant).build(), List.of(ReplicaId.parse("r0:s1")), 8));
        state.apply(new ClusterCommand.RegisterNode(NodeId.of("n0"), RegionId.of(0), "x", "h:1"));
        state.apply(new ClusterCommand.DrainNode(NodeId.of("n0"), false, 1_000, 1));
        assertThat(refusal(state.apply(new ClusterCommand.BeginDrill(later)))).contains("node n0 is DRAINING");
    }

    private static String refusal(Reply reply) {
        assertThat(reply).isInstanceOf(Reply.Refused.class);
        return ((Reply.Refused) reply).message();
    }

    @Test
    @DisplayName("F-61: what a command changed is noted with before and after, and a refusal with its reason")
    void changesAreNoted() {
        ClusterState state = new ClusterState();
        Provenance by = new Provenance(new Actor("token 0123456789ab", "192.0.2.7"), 1_000);
        state.apply(new ClusterCommand.DefineTopology("c", shards()), by, 1);
        TenantConfig config =
                TenantConfig.builder(TenantId.of(5)).maxSignalsPerSecond(100).build();
        state.apply(new ClusterCommand.CreateTenant(config, List.of(ReplicaId.parse("r0:s1")), 7), by, 2);
        state.apply(
                new ClusterCommand.UpdateTenant(
                        config.toBuilder().maxSignalsPerSecond(200).build()),
                by,
                3);
        state.apply(
                new ClusterCommand.UpdateTenant(
                        config.toBuilder().maxSignalsPerSecond(200).build()),
                by,
                4);
        state.apply(new ClusterCommand.DeleteTenant(TenantId.of(6)), by, 5);
        state.apply(
                new ClusterCommand.TakeOver(
                        NodeId.of("n0"),
                        0,
                        List.of(new ClusterCommand.Promote(TenantId.of(5), ReplicaId.parse("r1:s1"))),
                        false),
                by,
                6);
        state.apply(new ClusterCommand.RenewLease(NodeId.of("n1"), 0, 1), null, 7);
        List<AuditEntry> entries = state.audit().after(0);
        assertThat(entries.stream().map(each -> each.index() + " " + each.command()))
                .containsExactly(
                        "1 define-topology",
                        "2 create-tenant",
                        "3 update-tenant",
                        "5 delete-tenant",
                        "6 take-over",
                        "6 promote");
        assertThat(entries.get(1).before()).isNull();
        assertThat(entries.get(1).after()).contains("\"placement\":[\"r0:s1\"]");
        assertThat(entries.get(2).before()).isEqualTo("{\"max_signals_per_sec\":\"100.0\"}");
        assertThat(entries.get(2).after()).isEqualTo("{\"max_signals_per_sec\":\"200.0\"}");
        assertThat(entries.get(3).refused()).isEqualTo("TENANT_NOT_FOUND");
        assertThat(entries.get(3).reason()).contains("t6");
        assertThat(entries.get(4).about()).isEqualTo("n0");
        assertThat(entries.get(5).tenant()).isEqualTo(TenantId.of(5));
        assertThat(entries.get(5).before()).contains("r0:s1");
        assertThat(entries.get(5).after()).contains("r1:s1");
        assertThat(entries).allMatch(each -> each.actor().who().equals("token 0123456789ab"));
        AuditCheck check = new AuditCheck();
        entries.forEach(check::next);
        check.end(state.audit().count(), state.audit().head());
        assertThat(check.broken()).as(check.reason()).isNull();
    }

    @Test
    @DisplayName(
            "F-61: entries from before the audit log are read, and leave no note; a newer provenance stops the node")
    void provenanceIsOptional() {
        String text = "{\"v\":1,\"type\":\"delete-tenant\",\"tenant\":\"5\"";
        assertThat(commands.proposed((text + "}").getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(new CommandCodec.Proposed(new ClusterCommand.DeleteTenant(TenantId.of(5)), null));
        Provenance by = new Provenance(new Actor("local", "n0"), 17);
        ClusterCommand command = new ClusterCommand.DeleteTenant(TenantId.of(5));
        assertThat(commands.proposed(commands.encode(command, by))).isEqualTo(new CommandCodec.Proposed(command, by));
        assertThatThrownBy(() -> commands.decode((text + ",\"by\":{\"v\":2}}").getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("version");
        assertThatThrownBy(() -> commands.decode((text + ",\"by\":{\"v\":1,\"who\":\"a\\nb\",\"from\":\"x\"}}")
                        .getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("malformed");
    }

    @Test
    @DisplayName("F-61: a snapshot keeps the newest entries only, and the chain goes on")
    void auditIsBounded() {
        ClusterState state = new ClusterState();
        for (int i = 1; i <= 3000; i++) {
            state.apply(
                    new ClusterCommand.GrantIncarnation(ReplicaId.parse("r0:s1")),
                    new Provenance(new Actor("node n0", "n0"), i),
                    i);
        }
        ClusterState decoded = codec.decode(codec.encode(state));
        assertThat(decoded.audit().count()).isEqualTo(3000);
        assertThat(decoded.audit().head()).isEqualTo(state.audit().head());
        assertThat(decoded.audit().after(0))
                .hasSize(AuditTrail.KEPT)
                .isEqualTo(state.audit().after(0));
    }

    private static @Nullable Provenance by(Random random) {
        return random.nextInt(10) == 0
                ? null
                : new Provenance(
                        new Actor("token " + random.nextInt(3), "192.0.2." + random.nextInt(9)), random.nextInt());
    }

    @Test
    void replacedStateHoldsNothingOfTheFormer() {
        Random random = new Random(7);
        ClusterState former = new ClusterState();
        ClusterState other = new ClusterState();
        for (int i = 0; i < 200; i++) {
            former.apply(command(random, former));
            other.apply(command(random, other));
        }
        former.replaceWith(other);
        assertThat(codec.encode(former)).isEqualTo(codec.encode(other));
    }

    @Test
    void stateOfVersionOnePrefersWhoLeads() {
        Random random = new Random(3);
        ClusterState state = new ClusterState();
        for (int i = 0; i < 200; i++) {
            state.apply(command(random, state));
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
    private ClusterCommand command(Random random, ClusterState state) {
        List<MigrationRecord> known = state.migrations().all();
        ClusterCommand made = switch (random.nextInt(24)) {
            case 17 -> start(random, state);
            case 18, 19, 20, 21, 22, 23 ->
                known.isEmpty() ? start(random, state) : next(random, known.get(random.nextInt(known.size())));
            case 0 -> new ClusterCommand.DefineTopology("c" + random.nextInt(2), shards());
            case 1 ->
                new ClusterCommand.DeclareSignal(
                        "signal" + random.nextInt(300), 1_000_000_000L * (1 + random.nextInt(3)));
            case 2, 3 ->
                new ClusterCommand.CreateTenant(
                        config(random), List.of(replica(random), replica(random)), random.nextLong());
            case 4 -> new ClusterCommand.UpdateTenant(config(random));
            case 10 ->
                new ClusterCommand.CreateTenants(List.of(
                        new ClusterCommand.CreateTenant(config(random), List.of(replica(random)), random.nextLong()),
                        new ClusterCommand.CreateTenant(config(random), List.of(replica(random)), random.nextLong())));
            case 11 -> new ClusterCommand.BeginDrill(drill(random, DrillOutcome.RUNNING));
            case 12 -> new ClusterCommand.EndDrill(drill(random, DrillOutcome.DONE));
            case 14 -> new ClusterCommand.EraseEntity(tenant(random), random.nextLong(), 1);
            case 15 ->
                new ClusterCommand.ConfirmEntityErasure(
                        random.nextInt(10),
                        random.nextInt(2),
                        NodeId.of("n" + random.nextInt(3)),
                        List.of("r0:s0/1/2"),
                        new TreeMap<>(Map.of(random.nextInt(2), new ClosedLogs(random.nextInt(3), random.nextLong()))),
                        2);
            case 16 ->
                new ClusterCommand.ReportDamage(tenant(random), replica(random), "damaged", random.nextBoolean());
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

    private static ClusterCommand start(Random random, ClusterState state) {
        List<TenantRecord> tenants = List.copyOf(state.tenants().values());
        MigrationTerms terms = new MigrationTerms(random.nextInt(9), 1, 2, random.nextBoolean(), random.nextBoolean());
        if (tenants.isEmpty()) {
            return new ClusterCommand.StartMigration(tenant(random), replica(random), replica(random), terms, 1);
        }
        TenantRecord tenant = tenants.get(random.nextInt(tenants.size()));
        return new ClusterCommand.StartMigration(
                tenant.config().id(), tenant.placement().get(0), replica(random), terms, 1);
    }

    private static ClusterCommand next(Random random, MigrationRecord known) {
        TenantId tenant = known.tenant();
        MigrationState[] states = MigrationState.values();
        return switch (random.nextInt(8)) {
            case 0 ->
                new ClusterCommand.StallMigration(
                        tenant, known.id(), random.nextInt(3) == 0 ? null : "a node is away", 3);
            case 1 -> new ClusterCommand.PauseMigration(tenant, known.id(), random.nextBoolean(), 4);
            case 2 -> new ClusterCommand.CutOver(tenant, known.id(), known.attempt(), random.nextInt(99), 5);
            case 3 -> new ClusterCommand.ReverseMigration(tenant, known.id(), 6);
            case 4 -> new ClusterCommand.ReplicasErased(tenant, known.id(), known.erasing(), 7);
            case 5 -> new ClusterCommand.EndHold(tenant, known.id(), 8);
            default ->
                new ClusterCommand.StepMigration(
                        tenant,
                        known.id(),
                        known.state(),
                        known.attempt(),
                        states[
                                (random.nextInt(3) == 0
                                                ? random.nextInt(states.length)
                                                : known.state().ordinal() + 1)
                                        % states.length],
                        random.nextBoolean() ? null : "so",
                        9);
        };
    }

    private static DrillRecord drill(Random random, DrillOutcome outcome) {
        return drill(tenant(random), random.nextInt(3), outcome);
    }

    private static DrillRecord drill(TenantId tenant, long beganMinute, DrillOutcome outcome) {
        boolean over = outcome == DrillOutcome.DONE;
        return new DrillRecord(
                tenant,
                RegionId.of(1),
                "LATEST",
                7,
                40,
                Instant.ofEpochSecond(60 * beganMinute),
                outcome,
                1,
                Duration.ofMillis(770),
                over ? Duration.ofMillis(12) : null,
                over ? Duration.ofMillis(15) : null);
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
                Duration.ofNanos(random.nextInt(1_000_000)),
                random.nextInt(4) == 0 ? List.of(new ReplicaId(RegionId.of(3), ShardId.of(0))) : List.of(),
                random.nextInt(4) == 0);
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
