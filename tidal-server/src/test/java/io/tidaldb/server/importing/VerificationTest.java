package io.tidaldb.server.importing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerificationTest {

    @TempDir
    Path directory;

    private final FakeTidal tidal = new FakeTidal();
    private final AckedEvents acked = new AckedEvents();
    private long line;

    @BeforeEach
    void declare() {
        tidal.declareSignal("view", Duration.ofDays(7));
        tidal.createTenant(TenantConfig.builder(TenantId.of(1)).build());
    }

    @Test
    void findsWhatWasAcknowledged() {
        acknowledge(record(1, 1_000));
        acknowledge(record(1, 1_000));
        acknowledge(record(2, 5_000_000_000L));
        assertThat(verify()).isEqualTo(new Verification(3, 3, 0, 0, 0));
    }

    @Test
    void countsWhatIsMissing() {
        acknowledge(record(1, 1_000));
        acknowledge(record(2, 1_000));
        tenant().records.remove(1);
        Verification verification = verify();
        assertThat(verification.missing()).isEqualTo(1);
        assertThat(verification.ok()).isFalse();
    }

    @Test
    void countsWhatIsThereTwice() {
        acknowledge(record(1, 1_000));
        record(1, 1_000);
        assertThat(verify().duplicated()).isEqualTo(1);
    }

    @Test
    void anUnacknowledgedEventMayBeThereOnce() {
        acknowledge(record(1, 1_000));
        record(2, 1_000);
        assertThat(verify().ok()).isTrue();
        record(2, 1_000);
        assertThat(verify().duplicated()).isEqualTo(1);
    }

    @Test
    void aSourceThatRepeatsMayHaveRepeatsUnderWayWhenItDies() {
        acknowledge(record(1, 1_000));
        acknowledge(record(1, 1_000));
        record(2, 1_000);
        record(2, 1_000);
        assertThat(verify().ok()).isTrue();
    }

    @Test
    void whatWasThereBeforeIsNotJudged() {
        record(3, 1_000);
        record(3, 1_000);
        acknowledge(record(1, 1_000));
        assertThat(verify().ok()).isTrue();
    }

    @Test
    void anUnknownTenantHasLostEverything() {
        acknowledge(record(1, 1_000));
        tidal.deleteTenant(TenantId.of(1));
        assertThat(verify().missing()).isEqualTo(1);
    }

    @Test
    void logsReadBackAsTheyWereWritten() throws IOException {
        Path file = directory.resolve("acks");
        try (AckLog log = AckLog.create(file)) {
            log.acknowledged(ack(record(1, 1_000_000_001L)));
            log.acknowledged(ack(record(-1, 2)));
        }
        AckLog.read(file, acked);
        assertThat(verify()).isEqualTo(new Verification(2, 2, 0, 0, 0));
        assertThat(Files.readAllLines(file).get(0))
                .isEqualTo("{\"line\":1,\"tenant\":\"1\",\"position\":\"r0:s0:1\",\"signal\":\"view\",\"entity\":\"1\","
                        + "\"weight\":1.5,\"ts\":\"1970-01-01T00:00:01.000000001Z\"}");
    }

    @Test
    void aTornLastLineIsLeftOut() throws IOException {
        Path file = directory.resolve("acks");
        try (AckLog log = AckLog.create(file)) {
            log.acknowledged(ack(record(1, 1)));
        }
        Files.writeString(file, "{\"line\":2,\"ten", StandardOpenOption.APPEND);
        AckLog.read(file, acked);
        assertThat(acked.total()).isEqualTo(1);
        Files.writeString(file, "\n{}\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> AckLog.read(file, acked)).hasMessageContaining("line 2");
    }

    private Position record(long entity, long nanos) {
        return tenant().recordAll(List.of(Signal.of("view", entity, 1.5).at(nanos)), WriteOptions.DEFAULT);
    }

    private void acknowledge(Position position) {
        acked.acknowledged(ack(position));
    }

    private Acknowledgement ack(Position position) {
        var last = tenant().records.get(tenant().records.size() - 1);
        return new Acknowledgement(
                ++line, TenantId.of(1), position, last.type(), last.entity(), null, last.weight(), last.eventNanos());
    }

    private FakeTidal.FakeTenant tenant() {
        Tenant tenant = tidal.tenant(TenantId.of(1)).orElseThrow();
        return (FakeTidal.FakeTenant) tenant;
    }

    private Verification verify() {
        return Verification.of(tidal, acked);
    }
}
