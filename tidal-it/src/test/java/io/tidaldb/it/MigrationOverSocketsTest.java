package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.control.MigrationState;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A tenant moves between processes, over sockets")
class MigrationOverSocketsTest {

    private static final TenantId TENANT = TenantId.of(42);
    private static final ReplicaId SOURCE = ReplicaId.parse("r0:s0");
    private static final ReplicaId TARGET = ReplicaId.parse("r2:s2");

    // Long enough for a machine that has other things to do.
    private static final MigrationOptions OPTIONS = new MigrationOptions(
            MigrationOptions.DEFAULT.maxBytesPerSecond(), Duration.ofSeconds(5), Optional.empty(), true, false);

    @TempDir
    private Path directory;

    private Members members;

    @BeforeEach
    void prepare() throws IOException {
        members = new Members(directory);
        members.configure(builder -> builder.lease(Duration.ofSeconds(5)).returnAfter(Duration.ofHours(1)));
        members.start(0, 1, 2);
        members.node(0)
                .createTenant(TenantConfig.builder(TENANT)
                        .pinnedShards(SOURCE)
                        .durability(Durability.MAJORITY)
                        .build());
    }

    @AfterEach
    void close() {
        members.close();
    }

    private static MigrationStatus status(Tidal tidal, long id) {
        return tidal.migrations().find(id).orElseThrow();
    }

    private static void awaitState(Tidal tidal, long id, MigrationState state) {
        Await.passes(() -> assertThat(status(tidal, id)).returns(state, MigrationStatus::state));
    }

    /** Writes and reads back. */
    private static MemberWriter client(Tidal... through) {
        return new MemberWriter(TENANT, (tenant, entity) -> tenant.read("view", entity, ReadOptions.DEFAULT), through);
    }

    private void assertAll(int written, int... nodes) {
        for (int node : nodes) {
            Await.passes(
                    () -> assertThat(members.tenant(node, TENANT).total("view")).isEqualTo(written));
        }
    }

    @Test
    @DisplayName(
            "R-60, F-10: whichever node it is asked of, under reads and writes through others, none of which fails")
    void moves() throws Exception {
        try (MemberWriter client = client(members.node(0), members.node(1))) {
            client.awaitMore();
            Tidal other = members.node(1);
            long id = other.migrations().start(TENANT, SOURCE, TARGET, OPTIONS.holding(Duration.ZERO));
            awaitState(other, id, MigrationState.COMPLETE);
            client.awaitMore();
            assertAll(client.end(), 0, 1, 2);
            assertThat(status(other, id).writePause()).isPresent();
        }
        assertThat(members.tenant(0, TENANT).placement()).containsExactly(TARGET);
        assertThat(members.tenant(2, TENANT).verifyUsage().matches()).isTrue();
    }

    @Test
    @DisplayName("R-61, F-13: reversed while the source is held, given up before it changes hands, refused afterwards")
    void reversedAndAborted() throws Exception {
        try (MemberWriter client = client(members.node(1), members.node(2))) {
            client.awaitMore();
            Tidal any = members.node(2);
            long id = any.migrations().start(TENANT, SOURCE, TARGET, OPTIONS.holding(Duration.ofHours(1)));
            awaitState(any, id, MigrationState.HOLD);
            client.awaitMore();
            assertThatThrownBy(() -> any.migrations().abort(id)).hasMessageContaining("reverse it instead");
            assertThatThrownBy(() -> any.migrations().start(TENANT, TARGET, SOURCE, OPTIONS))
                    .isInstanceOf(TidalException.class)
                    .hasMessageContaining("end its hold first");
            any.migrations().reverse(id);
            awaitState(any, id, MigrationState.HOLD);
            assertThat(members.tenant(0, TENANT).placement()).containsExactly(SOURCE);
            client.awaitMore();
            any.migrations().endHold(id);
            awaitState(any, id, MigrationState.COMPLETE);
            client.awaitMore();
            long second = any.migrations().start(TENANT, SOURCE, TARGET, OPTIONS);
            any.migrations().pause(second);
            if (status(any, second).state().canAbort()) {
                any.migrations().abort(second);
                awaitState(any, second, MigrationState.ABORTED);
                assertThat(members.tenant(0, TENANT).placement()).containsExactly(SOURCE);
            }
            client.awaitMore();
            assertAll(client.end(), 0, 1, 2);
        }
    }

    @Test
    @DisplayName(
            "R-60, R-62: there and back ten times, under writes, sessions, hard negatives and every kind of read through all nodes")
    void everyRead() throws Exception {
        try (EveryRead client = new EveryRead(TENANT, members.node(0), members.node(1), members.node(2))) {
            client.awaitMore(2);
            Tidal any = members.node(1);
            long id = any.migrations().start(TENANT, SOURCE, TARGET, OPTIONS.holding(Duration.ofHours(1)));
            awaitState(any, id, MigrationState.HOLD);
            for (int flip = 1; flip < 10; flip++) {
                any.migrations().reverse(id);
                awaitState(any, id, MigrationState.HOLD);
                client.awaitMore(1);
            }
            any.migrations().endHold(id);
            awaitState(any, id, MigrationState.COMPLETE);
            // Nothing is left where it comes from when it goes back, nor held when it is there.
            for (ReplicaId from : List.of(SOURCE, TARGET)) {
                ReplicaId to = from.equals(SOURCE) ? TARGET : SOURCE;
                long next = any.migrations().start(TENANT, from, to, OPTIONS.holding(Duration.ZERO));
                awaitState(any, next, MigrationState.COMPLETE);
                client.awaitMore(1);
            }
            client.end();
        }
        assertThat(members.tenant(0, TENANT).placement()).containsExactly(SOURCE);
        assertThat(members.tenant(1, TENANT).verifyUsage().matches()).isTrue();
    }

    @Test
    @DisplayName("R-61, F-17: goes on when the node that sees to it is killed, and when the target's is")
    void killed() throws Exception {
        try (MemberWriter client = client(members.node(1))) {
            client.awaitMore();
            Tidal any = members.node(1);
            long id = any.migrations().start(TENANT, SOURCE, TARGET, OPTIONS.holding(Duration.ZERO));
            members.kill(0);
            client.awaitMore();
            members.start(0);
            awaitState(any, id, MigrationState.COMPLETE);
            long back = any.migrations().start(TENANT, TARGET, SOURCE, OPTIONS.holding(Duration.ZERO));
            members.kill(2);
            client.awaitMore();
            members.start(2);
            awaitState(any, back, MigrationState.COMPLETE);
            client.awaitMore();
            assertAll(client.end(), 0, 1, 2);
        }
    }
}
