package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.testkit.FaultyWalStores.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A disk that fails")
class StoreFailureTest {

    private static final int WRITES = 6;

    @TempDir
    Path directory;

    /** Entities by what their writers were told. */
    private static final class Told {

        private final Set<Long> acknowledged = new TreeSet<>();
        private final Set<Long> refused = new TreeSet<>();
        private final Set<Long> unknown = new TreeSet<>();
    }

    private static Told write(Drill drill, Tidal tidal, Durability durability) {
        Told told = new Told();
        List<Tenant> tenants = tidal.tenants();
        for (int i = 0; i < WRITES; i++) {
            // Two writers to each of two tenants in one commit.
            drill.loops.hold();
            List<CompletableFuture<Position>> writes = new ArrayList<>();
            for (int n = 0; n < 4; n++) {
                writes.add(tenants.get(n % 2)
                        .recordAllAsync(
                                List.of(Signal.of("view", 4L * i + n, 1)), WriteOptions.DEFAULT.with(durability))
                        .toCompletableFuture());
            }
            drill.loops.release();
            for (int n = 0; n < 4; n++) {
                CompletableFuture<Position> write = writes.get(n);
                assertThat(write).as("every writer has an answer").isDone();
                try {
                    Drill.get(write);
                    told.acknowledged.add(4L * i + n);
                } catch (TidalException e) {
                    (e.outcome() == Outcome.NOT_APPLIED ? told.refused : told.unknown).add(4L * i + n);
                }
            }
        }
        return told;
    }

    private static Set<Long> found(Tidal tidal) {
        Set<Long> found = new TreeSet<>();
        for (Tenant tenant : tidal.tenants()) {
            for (long entity = 0; entity < 4 * WRITES; entity++) {
                long count = tenant.read("view", entity, ReadOptions.DEFAULT).count();
                assertThat(count).isBetween(0L, 1L);
                if (count == 1) {
                    found.add(entity);
                }
            }
        }
        return found;
    }

    private static void createTenants(Tidal tidal) {
        tidal.createTenant(Drill.CONFIG);
        tidal.createTenant(TenantConfig.builder(TenantId.of(43)).build());
    }

    @Test
    @DisplayName("R-13: whichever append or sync fails, nothing acknowledged is missing and nothing refused is there")
    void anyOperationFails() {
        int answers = 0;
        for (Fault fault : List.of(Fault.FULL, Fault.APPEND, Fault.ERROR, Fault.SYNC)) {
            // Six commits, each of up to six appends.
            for (int nth = 1; nth <= (fault == Fault.SYNC ? WRITES + 1 : 14); nth++) {
                String at = fault + " " + nth;
                Drill drill = new Drill(directory.resolve(fault + "-" + nth));
                Tidal tidal = drill.open();
                createTenants(tidal);
                drill.stores.fail(fault, nth);
                Told told = write(drill, tidal, Durability.LOCAL);
                drill.stores.fail(fault, 0);
                if (nth % 2 == 0) {
                    tidal.close();
                } else {
                    tidal.abandon();
                }
                Tidal again = drill.open();
                assertThat(found(again)).as(at).containsAll(told.acknowledged).noneMatch(told.refused::contains);
                again.tenants().forEach(tenant -> tenant.record("like", 1, 1));
                answers += told.acknowledged.size() + told.refused.size() + told.unknown.size();
                again.close();
            }
        }
        assertThat(answers).isEqualTo((3 * 14 + WRITES + 1) * WRITES * 4);
    }

    @Test
    @DisplayName("R-13: what was acknowledged before its sync may be lost, but its origin is never continued")
    void anyOperationFailsUnderAsync() throws IOException {
        for (Fault fault : List.of(Fault.APPEND, Fault.SYNC)) {
            for (int nth = 1; nth < WRITES; nth++) {
                Drill drill = new Drill(directory.resolve("async" + fault + nth));
                Tidal tidal = drill.open();
                createTenants(tidal);
                drill.stores.fail(fault, nth);
                Told told = write(drill, tidal, Durability.ASYNC);
                assertThat(told.acknowledged).hasSizeLessThan(4 * WRITES);
                tidal.close();
                assertThat(Files.readString(directory.resolve("async" + fault + nth + "/tidal.json")))
                        .as("%s %d", fault, nth)
                        .contains("\"clean\" : false");
                Tidal again = drill.open();
                assertThat(found(again)).noneMatch(told.refused::contains);
                Position next = again.tenants().get(0).record("view", 999, 1);
                if (!told.acknowledged.isEmpty()) {
                    assertThat(next.toString()).startsWith("r0:s0:1.");
                }
                again.close();
            }
        }
    }

    @Test
    @DisplayName("a full disk refuses writes, serves reads, and takes writes again when there is room")
    void fullDisk() {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.open();
        Tenant tenant = tidal.createTenant(Drill.CONFIG);
        tenant.record("view", 1, 1);
        drill.stores.fail(Fault.FULL, 1);
        TidalException refusal = Drill.fails(ErrorCode.STORAGE_FULL, () -> tenant.record("view", 1, 1));
        assertThat(refusal.outcome()).isEqualTo(Outcome.NOT_APPLIED);
        assertThat(tenant.count("view", 1, Window.ONE_HOUR)).isOne();
        assertThat(tenant.record("view", 1, 1).toString()).isEqualTo("r0:s0:3");
        tidal.close();
    }

    @Test
    @DisplayName("names and schema that went in before the signals did not are neither lost nor written twice")
    void fullDiskAfterNames() {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.open();
        Tenant tenant = tidal.createTenant(Drill.CONFIG);
        // The schema finds no room, then the name, then the signal.
        for (int nth : new int[] {1, 2, 2}) {
            drill.stores.fail(Fault.FULL, nth);
            Drill.fails(ErrorCode.STORAGE_FULL, () -> tenant.record("view", "IAH-LAX", 1));
        }
        tenant.record("view", "IAH-LAX", 1);
        assertThat(tenant.total("view")).isOne();
        tidal.abandon();
        Tenant again = drill.open().tenant(Drill.TENANT).orElseThrow();
        assertThat(again.top("view", 1))
                .singleElement()
                .satisfies(top -> assertThat(top.name()).isEqualTo("IAH-LAX"));
    }

    @Test
    @DisplayName("after a failed sync every write and checkpoint is refused, reads go on, and the way out is named")
    void failedSync() {
        Drill drill = new Drill(directory);
        Tidal tidal = drill.open();
        Tenant tenant = tidal.createTenant(Drill.CONFIG);
        tenant.record("view", 1, 1);
        drill.stores.fail(Fault.SYNC, 1);
        TidalException failure = Drill.fails(ErrorCode.STORE_FAILED, () -> tenant.record("view", 2, 1));
        assertThat(failure.outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(failure).hasMessageContaining("reopened");
        Drill.fails(ErrorCode.STORE_FAILED, () -> tenant.record("view", 2, 1));
        Drill.fails(ErrorCode.STORE_FAILED, tidal::checkpoint);
        assertThat(tenant.count("view", 1, Window.ONE_HOUR)).isOne();
        assertThat(tenant.count("view", 2, Window.ONE_HOUR)).isZero();
        tidal.close();
    }

    @Test
    @DisplayName("a checkpoint whose sync or truncation fails loses nothing, and the directory does not pass as closed")
    void failedCheckpoint() throws IOException {
        for (Fault fault : List.of(Fault.SYNC, Fault.TRUNCATE)) {
            Path at = directory.resolve(fault.name());
            Drill drill = new Drill(at);
            Tidal tidal = drill.durable().retention(Duration.ZERO).open();
            Tenant tenant = tidal.createTenant(Drill.CONFIG);
            tenant.record("view", 1, 1);
            drill.clock.advance(Duration.ofSeconds(1));
            drill.stores.fail(fault, 1);
            Drill.fails(ErrorCode.STORE_FAILED, tidal::checkpoint);
            Drill.fails(ErrorCode.STORE_FAILED, () -> tenant.record("view", 1, 1));
            tidal.close();
            assertThat(Files.readString(at.resolve("tidal.json"))).contains("\"clean\" : false");
            Tidal again = drill.open();
            Tenant same = again.tenant(Drill.TENANT).orElseThrow();
            assertThat(same.total("view")).isOne();
            same.record("view", 1, 1);
            again.checkpoint();
            again.close();
        }
    }
}
