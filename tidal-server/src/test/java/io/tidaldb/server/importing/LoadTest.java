package io.tidaldb.server.importing;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class LoadTest {

    @AutoClose
    private final Tidal tidal = Tidal.builder().open();

    @Test
    void sendsEveryEventOnceAndAcknowledgesIt() throws InterruptedException {
        tidal.declareSignal("view", Duration.ofDays(7));
        Tenant tenant = tidal.createTenant(TenantConfig.builder(TenantId.of(1)).build());
        AckedEvents acked = new AckedEvents();
        LoadPlan plan =
                new LoadPlan("view", 10_000, Duration.ofMillis(50), 1, 7, Duration.ofMillis(10), WriteOptions.DEFAULT);
        LoadReport report = new Load(new EmbeddedLoadTarget(tenant), plan, acked, () -> false, note -> {}).run();
        assertThat(report.sent()).isEqualTo(500);
        assertThat(report.acked()).isEqualTo(500);
        assertThat(report.failed()).isZero();
        assertThat(acked.total()).isEqualTo(500);
        assertThat(acked.repeats()).isFalse();
        Verification verification = Verification.of(tidal, acked);
        assertThat(verification.ok()).isTrue();
        assertThat(verification.found()).isEqualTo(500);
        assertThat(report.ackP99Us()).isPositive();
    }

    @Test
    void endsEarlyWhenAsked() throws InterruptedException {
        Tenant tenant = tidal.createTenant(TenantConfig.builder(TenantId.of(1)).build());
        LoadPlan plan = new LoadPlan("view", 1, Duration.ofHours(1), 2, 1, null, WriteOptions.DEFAULT);
        LoadReport report = new Load(new EmbeddedLoadTarget(tenant), plan, AckSink.NONE, () -> true, note -> {}).run();
        assertThat(report.sent()).isZero();
        assertThat(report.availability()).isEqualTo(1.0);
    }
}
