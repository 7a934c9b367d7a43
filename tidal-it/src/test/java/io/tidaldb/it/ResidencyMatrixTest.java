package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import io.tidaldb.core.WriteOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks for a tenant's bytes in all files of all nodes, whatever store they belong to: its label, a name, and an id that it alone uses. */
@EveryCell
@DisplayName("R-81: a tenant's bytes")
class ResidencyMatrixTest {

    private static final TenantId TENANT = TenantId.of(42);
    private static final TenantId OTHER = TenantId.of(43);
    private static final String CANARY = "canary-8c1fe5d2-0b7a";
    private static final long CANARY_ID = 0x7ad3_19c5_e24b_860fL;

    @TempDir
    Path directory;

    private final Cell cell;

    ResidencyMatrixTest(Cell cell) {
        this.cell = cell;
    }

    private TidalBuilder builder(Topology topology) {
        return cell.builder(directory).topology(topology).signal("view", Duration.ofDays(7));
    }

    private static void write(Tenant tenant, String text) {
        for (int i = 0; i < 1_000; i++) {
            tenant.recordAllAsync(List.of(Signal.of("view", text + i, 1)), WriteOptions.DEFAULT);
        }
        tenant.record("view", text, 1);
    }

    /** Returns the files below the directory, by their path in it, that hold the text or the id. */
    private List<String> holdingACanary() {
        return Trees.files(directory).stream()
                .filter(ResidencyMatrixTest::holdsACanary)
                .map(file -> directory.relativize(file).toString())
                .toList();
    }

    private static boolean holdsACanary(Path file) {
        try {
            String content = Files.readString(file, StandardCharsets.ISO_8859_1);
            return content.contains(CANARY)
                    || content.contains(id(ByteOrder.LITTLE_ENDIAN))
                    || content.contains(id(ByteOrder.BIG_ENDIAN));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String id(ByteOrder order) {
        return new String(
                ByteBuffer.allocate(Long.BYTES).order(order).putLong(CANARY_ID).array(), StandardCharsets.ISO_8859_1);
    }

    @Test
    @DisplayName("R-06: are in the region that it requires, and no byte of them is stored by a node of another")
    void staysInItsRegion() {
        assertStaysIn("n1/", Topology.regions(3).shards(3), RegionId.of(1));
    }

    @Test
    @DisplayName("R-06: are replicated to the regions that it allows, and not to the one that it does not")
    void isReplicatedWithinItsRegions() {
        assertStaysIn("n[12]/", Topology.regions(3).shardsPerRegion(3), RegionId.of(1), RegionId.of(2));
    }

    private void assertStaysIn(String nodes, Topology topology, RegionId... regions) {
        try (Tidal tidal = builder(topology).open()) {
            Tenant resident = tidal.createTenant(TenantConfig.builder(TENANT)
                    .requiredRegions(regions)
                    .label(CANARY + " label")
                    .build());
            Tenant other = tidal.createTenant(
                    TenantConfig.builder(OTHER).slots(3).label("other").build());
            write(resident, CANARY);
            resident.record("view", CANARY_ID, 1);
            write(other, "other");
            if (regions.length > 1) {
                Await.noLag(tidal);
            }
            tidal.checkpoint();
            assertThat(resident.total("view")).isEqualTo(1_002);
            assertOnlyIn(nodes);
        }
        assertOnlyIn(nodes);
    }

    @Test
    @DisplayName(
            "F-40, F-41: leave a region that is forbidden before the change reports done, whoever led there; a region that is allowed gets all, and nothing is missing")
    void changesItsRegions() {
        Topology topology = Topology.regions(3).shardsPerRegion(3);
        try (Tidal tidal = builder(topology).open()) {
            Tenant resident = tidal.createTenant(TenantConfig.builder(TENANT)
                    .requiredRegions(RegionId.of(0), RegionId.of(1))
                    .label(CANARY)
                    .slots(3)
                    .build());
            write(resident, CANARY);
            resident.record("view", CANARY_ID, 1);
            Await.noLag(tidal);
            tidal.checkpoint();
            assertOnlyIn("n[01]/");
            resident = movesTo(tidal, "n[12]/", RegionId.of(1), RegionId.of(2));
            resident.record("view", 1, 1);
            resident = movesTo(tidal, "n2/", RegionId.of(2));
            resident.record("view", 1, 1);
            resident = movesTo(tidal, "n[012]/");
            resident.record("view", 1, 1);
            Await.noLag(tidal);
            assertThat(resident.compareReplicas(false)).hasSize(6).allMatch(ReplicaComparison::isEqual);
            assertThat(resident.total("view")).isEqualTo(1_005);
        }
        try (Tidal tidal = builder(topology).open()) {
            assertThat(tidal.tenant(TENANT).orElseThrow().total("view")).isEqualTo(1_005);
        }
    }

    private Tenant movesTo(Tidal tidal, String nodes, RegionId... regions) {
        Tenant before = tidal.tenant(TENANT).orElseThrow();
        long total = before.total("view");
        Tenant after = tidal.updateTenant(
                before.config().toBuilder().requiredRegions(regions).build());
        tidal.checkpoint();
        assertOnlyIn(nodes);
        assertThat(after.total("view")).isEqualTo(total);
        assertThat(after.config().requiredRegions()).containsExactly(regions);
        return after;
    }

    private void assertOnlyIn(String nodes) {
        assertThat(holdingACanary())
                .isNotEmpty()
                .allSatisfy(file -> assertThat(file).matches(nodes + ".*"));
    }

    @Test
    @DisplayName("are found nowhere after it was deleted and all nodes were opened again; a successor starts empty")
    void deletion() {
        Topology topology = Topology.regions(3).shardsPerRegion(3);
        try (Tidal tidal = builder(topology).open()) {
            Tenant tenant = tidal.createTenant(
                    TenantConfig.builder(TENANT).label(CANARY).build());
            write(tenant, CANARY);
            tenant.record("view", CANARY_ID, 1);
            Await.noLag(tidal);
            tidal.checkpoint();
            assertThat(holdingACanary()).isNotEmpty();
            tidal.createTenant(TenantConfig.builder(OTHER).build()).record("view", 1, 1);
            tidal.deleteTenant(TENANT);
            tidal.createTenant(TenantConfig.builder(TENANT).build()).record("view", 7, 1);
        }
        try (Tidal tidal = builder(topology).open()) {
            Tenant successor = tidal.tenant(TENANT).orElseThrow();
            assertThat(successor.total("view")).isOne();
            assertThat(successor.config().label()).isEqualTo("default");
            assertThat(tidal.tenant(OTHER).orElseThrow().total("view")).isOne();
        }
        assertThat(holdingACanary()).isEmpty();
    }
}
