package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ErasureCertificate;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Topology;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("F-70: the erasure of a tenant")
class ErasureTest {

    private static final TenantId GONE = TenantId.of(42);
    private static final TenantId KEPT = TenantId.of(43);
    private static final String CANARY = "canary-5d1e0b7a93c4";
    private static final NodeId AWAY = NodeId.of("n2");

    @TempDir
    Path directory;

    private Tidal open(String wal) {
        return Tidal.builder()
                .dataDir(directory)
                .wal(wal)
                .topology(Topology.regions(3).shardsPerRegion(1))
                .signal("view", Duration.ofDays(7))
                .open();
    }

    private List<String> holding() throws IOException {
        return new Canaries(directory, List.of(CANARY)).holding();
    }

    private static ErasureCertificate certificate(Tidal tidal) {
        return tidal.erasures().stream()
                .filter(each -> each.tenant().equals(GONE))
                .reduce((earlier, later) -> later)
                .orElseThrow();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "F-70: leaves 10,000 canaries in no file of any replica once the certificate is complete, journal and checkpoints included")
    void leavesNothing(String wal) throws IOException {
        try (Tidal tidal = open(wal)) {
            Tenant kept = tidal.createTenant(TenantConfig.builder(KEPT).build());
            Canaries.fill(kept, "other-");
            Canaries.fill(
                    tidal.createTenant(TenantConfig.builder(GONE).label(CANARY).build()), CANARY);
            Await.noLag(tidal);
            tidal.checkpoint();
            Canaries.fill(tidal.tenant(GONE).orElseThrow(), CANARY + "-more-");
            assertThat(holding()).hasSizeGreaterThan(3);
            tidal.deleteTenant(GONE);
            Await.until(() -> certificate(tidal).isComplete());
            assertThat(certificate(tidal).nodes())
                    .extracting(node -> node.node().name())
                    .containsExactly("n0", "n1", "n2");
            assertThat(holding()).isEmpty();
            assertThat(kept.total("view")).isEqualTo(10_000);
        }
        try (Tidal tidal = open(wal)) {
            assertThat(holding()).isEmpty();
            assertThat(certificate(tidal).isComplete()).isTrue();
            assertThat(tidal.tenant(KEPT).orElseThrow().total("view")).isEqualTo(10_000);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-70: is not complete before a node that was away has erased its replica, too")
    void waitsForWhoIsAway(String wal) throws IOException {
        try (Tidal tidal = open(wal)) {
            Canaries.fill(tidal.createTenant(TenantConfig.builder(GONE).build()), CANARY);
            Await.noLag(tidal);
            tidal.crashNode(AWAY);
            tidal.deleteTenant(GONE);
            Await.until(() -> certificate(tidal).nodes().stream()
                    .allMatch(node -> node.erased().isPresent() != node.node().equals(AWAY)));
            assertThat(certificate(tidal).isComplete()).isFalse();
            assertThat(holding()).isNotEmpty().allMatch(file -> file.startsWith("n2"));
            tidal.startNode(AWAY);
            Await.until(() -> certificate(tidal).isComplete());
            assertThat(holding()).isEmpty();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName("F-70: goes on after a crash in the middle of it")
    void goesOnAfterACrash(String wal) throws IOException {
        Tidal crashing = open(wal);
        Canaries.fill(crashing.createTenant(TenantConfig.builder(GONE).build()), CANARY);
        Await.noLag(crashing);
        Thread crash = new Thread(crashing::abandon);
        Thread deletion = new Thread(() -> {
            try {
                crashing.deleteTenant(GONE);
            } catch (TidalException e) {
                // It is closed meanwhile.
                assertThat(e.code()).isNotEqualTo(ErrorCode.INTERNAL);
            }
        });
        deletion.start();
        Await.until(() -> !crashing.erasures().isEmpty());
        crash.start();
        join(deletion);
        join(crash);
        try (Tidal tidal = open(wal)) {
            Await.until(() -> certificate(tidal).isComplete());
            assertThat(holding()).isEmpty();
            assertThat(tidal.tenant(GONE)).isEmpty();
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
