package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.control.ratis.RatisControlLogFactory;
import io.tidaldb.core.Tidal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("F-19: What was put back to an older copy")
class OlderCopyTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final TenantId LATER = TenantId.of(8);

    @TempDir
    Path directory;

    /** A control log that goes back, on demand, as if the memory of its machine had. */
    private static final class Lapsing extends ForwardingControlLog {

        private final AtomicBoolean lapsed;
        private final AtomicInteger asked;

        Lapsing(ControlLog log, AtomicBoolean lapsed, AtomicInteger asked) {
            super(log);
            this.lapsed = lapsed;
            this.asked = asked;
        }

        @Override
        public ControlPosition position() {
            ControlPosition now = super.position();
            asked.incrementAndGet();
            return lapsed.get() ? new ControlPosition(now.term(), 1) : now;
        }
    }

    private static void start(Members members, AtomicBoolean lapsed, AtomicInteger asked) {
        members.start(
                builder -> builder.controlLog(ForwardingControlLog.before(
                        new RatisControlLogFactory(), log -> new Lapsing(log, lapsed, asked))),
                1);
    }

    /** Waits until node n1 has the tenant and has told others how far it is since. */
    private static void hasTold(Members members, TenantId tenant, AtomicInteger asked) {
        Await.until(() -> members.node(1).tenant(tenant).isPresent());
        // It asks its log once for each time that it tells, and once for each answer.
        asked.set(0);
        Await.until(() -> asked.get() > 12);
    }

    private static TenantConfig tenant(TenantId id) {
        return TenantConfig.builder(id)
                .pinnedShards(ReplicaId.parse("r0:s0"))
                .durability(Durability.MAJORITY)
                .build();
    }

    private static void refuses(ThrowingCallable opening, String name) {
        assertThatThrownBy(opening).satisfies(thrown -> {
            Throwable reason = thrown instanceof CompletionException ? thrown.getCause() : thrown;
            assertThat(reason)
                    .isInstanceOfSatisfying(
                            TidalException.class,
                            e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(ErrorCode.DIRECTORY_MISMATCH))
                    .hasMessageContainingAll("control log of node " + name, "older copy", "is known to have had");
        });
    }

    @Test
    @DisplayName(
            "the control log of a node, or all of its directory, is refused; what belongs there is taken, and nothing is lost")
    void nodeOfThree() throws Exception {
        try (Members members = new Members(directory)) {
            members.start(0, 1, 2);
            members.node(0).createTenant(tenant(TENANT));
            members.tenant(0, TENANT).record("view", 1, 1);
            members.stop(1);
            Path own = directory.resolve("n1");
            Path before = Trees.copy(own, directory.resolve("before"));
            AtomicInteger asked = new AtomicInteger();
            start(members, new AtomicBoolean(), asked);
            members.node(0).createTenant(tenant(LATER));
            members.tenant(0, LATER).record("view", 1, 1);
            hasTold(members, LATER, asked);
            members.stop(1);
            Path after = Trees.copy(own, directory.resolve("after"));

            Trees.copy(before.resolve("control"), own.resolve("control"));
            refuses(() -> members.start(1), "n1 in " + own.resolve("control"));
            Trees.delete(own.resolve("control"));
            refuses(() -> members.start(1), "n1");
            Trees.copy(before, own);
            refuses(() -> members.start(1), "n1");

            Trees.copy(after, own);
            members.start(1);
            Await.passes(() -> {
                assertThat(members.tenant(1, TENANT).total("view")).isEqualTo(1);
                assertThat(members.tenant(1, LATER).total("view")).isEqualTo(1);
            });
        }
    }

    @Test
    @DisplayName("the memory of a node that runs: it ends its part in all decisions, and says why")
    void memory() throws Exception {
        AtomicBoolean lapsed = new AtomicBoolean();
        AtomicInteger asked = new AtomicInteger();
        try (Members members = new Members(directory)) {
            members.start(0, 1, 2);
            members.stop(1);
            start(members, lapsed, asked);
            members.node(0).createTenant(tenant(TENANT));
            hasTold(members, TENANT, asked);
            lapsed.set(true);
            TidalException reason =
                    members.node(1).failure().toCompletableFuture().get(30, TimeUnit.SECONDS);
            assertThat(reason.code()).isEqualTo(ErrorCode.DIRECTORY_MISMATCH);
            assertThat(reason).hasMessageContainingAll("node n1", "put back to an older copy while it ran");
            members.tenant(0, TENANT).record("view", 1, 1);
        }
    }

    @Test
    @DisplayName(
            "the control log of a single node is refused; all of its directory is taken, since nobody else knows of it")
    void singleNode() {
        Path own = directory.resolve("single");
        try (Tidal tidal = open(own)) {
            tidal.createTenant(TenantConfig.builder(TENANT).build());
        }
        Path before = Trees.copy(own, directory.resolve("before"));
        try (Tidal tidal = open(own)) {
            tidal.createTenant(TenantConfig.builder(LATER).build());
        }
        Path after = Trees.copy(own, directory.resolve("after"));
        Trees.copy(before.resolve("control"), own.resolve("control"));
        refuses(() -> open(own).close(), "n0 in " + own.resolve("control"));
        Trees.copy(after, own);
        try (Tidal tidal = open(own)) {
            assertThat(tidal.tenant(LATER)).isPresent();
        }
        Trees.copy(before, own);
        try (Tidal tidal = open(own)) {
            assertThat(tidal.tenant(LATER)).isEmpty();
            assertThat(tidal.tenant(TENANT)).isPresent();
        }
    }

    private static Tidal open(Path path) {
        return Tidal.builder().dataDir(path).signal("view", Duration.ofDays(7)).open();
    }
}
