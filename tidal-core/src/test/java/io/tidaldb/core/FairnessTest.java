package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Tenants that want more than a node can do")
class FairnessTest {

    @TempDir
    Path directory;

    private Drill drill;
    private Tidal tidal;

    @BeforeEach
    void open() {
        drill = new Drill(directory);
        tidal = drill.durable().queueBytesPerTenant(1 << 20).open();
    }

    @AfterEach
    void close() {
        drill.loops.release();
        tidal.close();
    }

    private Tenant tenant(int id, double reserve) {
        TenantConfig.Builder config = TenantConfig.builder(TenantId.of(id));
        return tidal.createTenant((reserve > 0 ? config.reservedSignalsPerSecond(reserve) : config).build());
    }

    private static void fillQueue(Tenant tenant) {
        for (boolean full = false; !full; ) {
            full = isFull(tenant.recordAsync("view", 1, 1));
        }
    }

    private static boolean isFull(CompletionStage<Position> write) {
        CompletableFuture<Position> result = write.toCompletableFuture();
        if (!result.isCompletedExceptionally()) {
            return false;
        }
        assertThat(result)
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(OverloadedException.class);
        return true;
    }

    /** Lets every tenant want more than there is for so many seconds, of one turn each, and returns what each got a second. */
    private double[] overload(int seconds, Tenant... tenants) {
        drill.loops.hold();
        for (int second = 0; second < seconds; second++) {
            for (Tenant tenant : tenants) {
                fillQueue(tenant);
            }
            drill.clock.advance(Duration.ofSeconds(1));
            drill.loops.step();
        }
        double[] rates = new double[tenants.length];
        for (int i = 0; i < rates.length; i++) {
            rates[i] = (double) tenants[i].total("view") / seconds;
        }
        drill.loops.release();
        return rates;
    }

    @Test
    @DisplayName("F-04: tenants without any quota share what there is evenly")
    void evenShares() {
        double[] rates = overload(20, tenant(1, 0), tenant(2, 0), tenant(3, 0));
        assertThat(rates[0] / rates[1]).isBetween(0.95, 1.05);
        assertThat(rates[2] / rates[1]).isBetween(0.95, 1.05);
    }

    @Test
    @DisplayName("F-03: on an overloaded node each tenant gets its reserve before anybody gets more")
    void reservesFirst() {
        double[] even = overload(20, tenant(1, 0), tenant(2, 0), tenant(3, 0));
        double capacity = even[0] + even[1] + even[2];
        double[] reserves = {0.6 * capacity, 0.2 * capacity, 0.1 * capacity};
        double[] rates = overload(20, tenant(4, reserves[0]), tenant(5, reserves[1]), tenant(6, reserves[2]));
        for (int i = 0; i < rates.length; i++) {
            assertThat(rates[i]).isGreaterThanOrEqualTo(0.98 * reserves[i]);
        }
        assertThat(even[0]).as("without a reserve").isLessThan(reserves[0]);
    }

    @Test
    @DisplayName("F-04: a quiet tenant's write is in the next commit, whatever waits of others")
    void quietTenantIsInTheNextCommit() {
        List<Tenant> noisy = new ArrayList<>();
        for (int i = 1; i <= 5; i++) {
            noisy.add(tenant(i, 0));
        }
        Tenant quiet = tenant(9, 0);
        drill.loops.hold();
        for (int round = 0; round < 20; round++) {
            noisy.forEach(FairnessTest::fillQueue);
            CompletionStage<Position> write = quiet.recordAsync("view", 1, 1);
            drill.loops.step();
            Drill.get(write);
        }
        assertThat(quiet.total("view")).isEqualTo(20);
    }

    @Test
    @DisplayName("F-04: exports of one tenant take its own turns")
    void exportsWaitTheirTurn() {
        Tenant exporting = tenant(1, 0);
        Tenant quiet = tenant(2, 0);
        fillQueueAndCommit(exporting);
        drill.loops.hold();
        fillQueue(exporting);
        CompletionStage<Position> write = quiet.recordAsync("view", 1, 1);
        drill.loops.step();
        Drill.get(write);
        drill.loops.release();
        long[] exported = new long[1];
        exporting.export(record -> exported[0]++);
        assertThat(exported[0]).isEqualTo(exporting.total("view"));
    }

    private void fillQueueAndCommit(Tenant tenant) {
        drill.loops.hold();
        fillQueue(tenant);
        drill.loops.release();
    }
}
