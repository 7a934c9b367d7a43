package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("R-52: Leaders of a cluster that hand over, over sockets")
class HandOverTest {

    private static final TenantId TENANT = TenantId.of(42);
    private static final ReplicaId FIRST = ReplicaId.parse("r2:s2");
    private static final ReplicaId OTHER = ReplicaId.parse("r1:s2");

    @TempDir
    private Path directory;

    private Members members;

    @BeforeEach
    void prepare() throws IOException {
        members = new Members(directory);
        configure(Duration.ofHours(1));
    }

    @AfterEach
    void close() {
        members.close();
    }

    // The lease is long enough for a machine that has other things to do.
    private void configure(Duration returnAfter) {
        members.configure(builder -> builder.lease(Duration.ofSeconds(5)).returnAfter(returnAfter));
    }

    private void start(int... nodes) {
        members.start(nodes);
    }

    private Tidal node(int number) {
        return members.node(number);
    }

    private Tenant tenant(int number) {
        return members.tenant(number, TENANT);
    }

    private void create(Durability level, ReplicaId... shards) {
        node(0).createTenant(TenantConfig.builder(TENANT)
                .pinnedShards(shards)
                .durability(level)
                .build());
    }

    private static MemberWriter writer(Tidal... through) {
        return new MemberWriter(TENANT, (tenant, entity) -> {}, through);
    }

    @Test
    @DisplayName("one that is closed hands over what it leads: writes go on through it and others, and none fails")
    void closed() throws Exception {
        start(0, 1, 2);
        create(Durability.MAJORITY, ReplicaId.parse("r2:s0"), FIRST);
        try (MemberWriter writer = writer(node(0), node(1))) {
            writer.awaitMore();
            members.stop(2);
            assertThat(tenant(0).placement())
                    .noneMatch(leader -> leader.region().equals(FIRST.region()));
            writer.awaitMore();
            int written = writer.end();
            assertThat(tenant(0).total("view")).isEqualTo(written);
        }
    }

    @Test
    @DisplayName("each can be closed and started again in turn under writes, and what was led by each comes back to it")
    void inTurn() throws Exception {
        configure(Duration.ofSeconds(1));
        start(0, 1, 2);
        ReplicaId[] placed = {ReplicaId.parse("r0:s0"), ReplicaId.parse("r1:s1"), FIRST};
        create(Durability.LOCAL, placed);
        for (int node = 0; node < 3; node++) {
            try (MemberWriter writer = writer(node((node + 1) % 3), node((node + 2) % 3))) {
                writer.awaitMore();
                members.stop(node);
                start(node);
                Await.passes(() -> assertThat(tenant(0).placement()).containsExactly(placed));
                writer.awaitMore();
                writer.end();
            }
        }
    }

    @Test
    @DisplayName("a replica that is promoted through any node leads and stays preferred, and no write fails")
    void promoted() throws Exception {
        configure(Duration.ofSeconds(1));
        start(0, 1, 2);
        create(Durability.MAJORITY, FIRST);
        try (MemberWriter writer = writer(node(0), node(1), node(2))) {
            writer.awaitMore();
            node(0).promote(TENANT, OTHER);
            assertThat(tenant(0).placement()).containsExactly(OTHER);
            writer.awaitMore();
            node(1).promote(TENANT, ReplicaId.parse("r0:s2"));
            node(2).promote(TENANT, OTHER);
            node(2).promote(TENANT, OTHER);
            writer.awaitMore();
            int written = writer.end();
            for (int each = 0; each < 3; each++) {
                int node = each;
                Await.passes(() -> assertThat(tenant(node).placement()).containsExactly(OTHER));
                assertThat(tenant(node).total("view")).isEqualTo(written);
            }
        }
        members.kill(1);
        Await.passes(() -> assertThat(tenant(0).placement()).doesNotContain(OTHER));
        start(1);
        Await.passes(() -> assertThat(tenant(0).placement()).containsExactly(OTHER));
    }

    @Test
    @DisplayName("what is no replica, or is not there, is refused; where the leader is gone, its successor hands on")
    void refused() {
        start(0, 1, 2);
        create(Durability.MAJORITY, FIRST);
        assertThatThrownBy(() -> node(0).promote(TENANT, ReplicaId.parse("r1:s0")))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
        assertThatThrownBy(() -> node(0).promote(TenantId.of(7), OTHER))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TENANT_NOT_FOUND));
        tenant(0).record("view", 1, 1);
        members.kill(2);
        node(0).promote(TENANT, OTHER);
        assertThat(tenant(0).placement()).containsExactly(OTHER);
        assertThat(tenant(0).total("view")).isEqualTo(1);
        Await.passes(() -> assertThatThrownBy(() -> node(0).promote(TENANT, FIRST))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PEER_UNAVAILABLE)));
    }

    @Test
    @DisplayName("one that nobody can take over from ends at once")
    void alone() {
        start(0, 1, 2);
        create(Durability.LOCAL, FIRST);
        tenant(2).record("view", 1, 1);
        members.kill(0);
        members.kill(1);
        Await.passes(() -> assertThat(node(2).health().nodes())
                .filteredOn(each -> each.up())
                .extracting("node")
                .containsExactly(NodeId.of("n2")));
        members.stop(2);
    }
}
