package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantPlan;
import io.tidaldb.core.Tidal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tenants whose replicas come and leave on members that are linked over sockets. */
@DisplayName("The replicas of a tenant")
class ReplicaChangeTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final String CANARY = "canary-41c0aa";
    private static final ReplicaId FIRST = ReplicaId.parse("r0:s0");

    @TempDir
    Path directory;

    private Members members;

    @BeforeEach
    void prepare() throws IOException {
        members = new Members(directory);
        // Nobody is to be taken over from, however slow the machine is.
        members.configure(builder -> builder.returnAfter(Duration.ofHours(1)).lease(Duration.ofSeconds(10)));
    }

    private Tenant change(int through, RegionId[] regions, ReplicaId... without) {
        Tidal tidal = members.node(through);
        return tidal.updateTenant(changed(tidal, regions, without));
    }

    private static TenantConfig changed(Tidal tidal, RegionId[] regions, ReplicaId... without) {
        return tidal.tenant(TENANT).orElseThrow().config().toBuilder()
                .requiredRegions(regions)
                .withoutReplicas(without)
                .build();
    }

    private boolean isOn(int node) {
        return Trees.files(directory.resolve("n" + node)).stream().anyMatch(ReplicaChangeTest::holdsTheCanary);
    }

    private static boolean holdsTheCanary(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1).contains(CANARY);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @DisplayName(
            "F-40, F-41, F-63: leave and come back while it is written at MAJORITY, the one that leads first: no write fails, none is missing or there twice, and what has left has no byte of it")
    void comeAndLeave() throws Exception {
        RegionId[] everywhere = {};
        try (Members closing = members) {
            closing.start(0, 1, 2);
            members.node(0)
                    .createTenant(TenantConfig.builder(TENANT)
                            .label(CANARY)
                            .pinnedShards(FIRST)
                            .durability(Durability.MAJORITY)
                            .build());
            try (MemberWriter writer = new MemberWriter(
                    TENANT, (tenant, number) -> {}, members.node(0), members.node(1), members.node(2))) {
                writer.awaitMore();
                assertThat(isOn(0)).isTrue();
                Tenant tenant = change(1, everywhere, FIRST);
                assertThat(isOn(0)).isFalse();
                assertThat(tenant.placement()).doesNotContain(FIRST);
                writer.awaitMore();
                TenantPlan further = members.node(0)
                        .planUpdate(changed(members.node(0), new RegionId[] {RegionId.of(0), RegionId.of(1)}, FIRST));
                assertThat(further.refusal()).isNotNull().returns(ErrorCode.UNSUPPORTED, TidalException::code);
                TenantPlan back = members.node(0).planUpdate(changed(members.node(0), everywhere));
                assertThat(back.refusal()).isNull();
                assertThat(back.effects()).anyMatch(effect -> effect.contains("[r0:s0] get a copy"));
                change(2, everywhere);
                writer.awaitMore();
                assertThat(isOn(0)).isTrue();
                int written = writer.end();
                for (int node = 0; node < 3; node++) {
                    assertThat(members.tenant(node, TENANT).total("view")).isEqualTo(written);
                }
                Await.passes(() -> assertThat(members.tenant(0, TENANT).compareReplicas(false))
                        .hasSize(2)
                        .allMatch(ReplicaComparison::isEqual));
            }
        }
    }

    @Test
    @DisplayName(
            "F-41: that are to leave a node which is away wait for it, say so, and are erased when it is back, before anything of them is served there")
    void waitForWhoIsAway() throws Exception {
        try (Members closing = members) {
            closing.start(0, 1, 2);
            members.node(1)
                    .createTenant(TenantConfig.builder(TENANT)
                            .label(CANARY)
                            .pinnedShards(ReplicaId.parse("r1:s1"))
                            .build());
            members.tenant(1, TENANT).record("view", 1, 1);
            Await.passes(() -> assertThat(isOn(2)).isTrue());
            members.kill(2);
            RegionId[] allowed = {RegionId.of(0), RegionId.of(1)};
            Thread asks = new Thread(() -> change(1, allowed), "asks");
            asks.start();
            Await.passes(() -> assertThat(members.node(0).explain(TENANT).replicas())
                    .anyMatch(each -> each.replica().equals(ReplicaId.parse("r2:s1"))
                            && String.valueOf(each.found()).contains("to leave")));
            assertThat(isOn(2)).isTrue();
            members.tenant(0, TENANT).record("view", 2, 1);
            members.start(2);
            asks.join();
            assertThat(isOn(2)).isFalse();
            assertThat(members.tenant(2, TENANT).total("view")).isEqualTo(2);
        }
    }
}
