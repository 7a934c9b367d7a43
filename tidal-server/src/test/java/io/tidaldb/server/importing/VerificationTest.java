package io.tidaldb.server.importing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerificationTest {

    @TempDir
    Path directory;

    @AutoClose
    private final Tidal tidal = Tidal.builder().open();

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
        assertThat(verify())
                .matches(Verification::ok)
                .extracting(Verification::found)
                .isEqualTo(3L);
    }

    @Test
    void countsWhatIsMissing() {
        acknowledge(record(1, 1_000));
        Acknowledgement last = record(2, 1_000);
        acknowledge(last);
        acknowledge(new Acknowledgement(
                3, last.tenant(), after(last.position()), "view", EntityId.of(3), null, 1.5f, 1_000));
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
    void aSourceWithCoarseTimesMayHaveAFewRepeatsUnderWayWhenItDies() {
        acknowledge(record(1, 1_000));
        for (int entity = 2; entity < 22; entity++) {
            record(entity, 1_000);
        }
        record(2, 1_000);
        assertThat(verify().ok()).isTrue();
        for (int entity = 3; entity < 22; entity++) {
            record(entity, 1_000);
        }
        assertThat(verify().duplicated()).isEqualTo(20);
    }

    @Test
    void whatWasThereBeforeIsNotJudged() {
        record(3, 1_000);
        record(3, 1_000);
        acknowledge(record(1, 1_000));
        assertThat(verify().ok()).isTrue();
    }

    @Test
    void whatWasThereBeforeStandsForNothing() {
        Acknowledgement before = record(3, 1_000);
        Acknowledgement first = record(1, 1_000);
        Position last = first.position();
        acknowledge(first);
        acknowledge(new Acknowledgement(
                2, before.tenant(), after(last), "view", before.entity(), null, before.weight(), 1_000));
        assertThat(verify().missing()).isEqualTo(1);
    }

    @Test
    void theSameFileCanBeImportedAgainAfterItsImportDied() {
        // The first import dies with one write under way, the second ends.
        acknowledge(record(1, 1_000));
        record(2, 1_000);
        acked.nextLog();
        acknowledge(record(1, 1_000));
        acknowledge(record(2, 1_000));
        assertThat(verify())
                .matches(Verification::ok)
                .extracting(Verification::found)
                .isEqualTo(3L);
    }

    @Test
    void theSecondImportIsJudgedByItself() {
        record(1, 1_000);
        record(2, 1_000);
        acknowledge(record(1, 1_000));
        acknowledge(record(2, 1_000));
        assertThat(verify())
                .matches(Verification::ok)
                .extracting(Verification::found)
                .isEqualTo(2L);
        record(2, 1_000);
        assertThat(verify().duplicated()).isEqualTo(1);
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
        Acknowledgement first = record(1, 1_000_000_001L);
        try (AckLog log = AckLog.create(file)) {
            log.acknowledged(first);
            log.acknowledged(record(-1, 2));
        }
        AckLog.read(file, acked);
        assertThat(verify())
                .matches(Verification::ok)
                .extracting(Verification::found)
                .isEqualTo(2L);
        assertThat(Files.readAllLines(file).get(0))
                .isEqualTo("{\"line\":1,\"tenant\":\"1\",\"position\":\"" + first.position()
                        + "\",\"signal\":\"view\",\"entity\":\"1\","
                        + "\"weight\":1.5,\"ts\":\"1970-01-01T00:00:01.000000001Z\"}");
    }

    @Test
    void aTornLastLineIsLeftOut() throws IOException {
        Path file = directory.resolve("acks");
        try (AckLog log = AckLog.create(file)) {
            log.acknowledged(record(1, 1));
        }
        Files.writeString(file, "{\"line\":2,\"ten", StandardOpenOption.APPEND);
        AckLog.read(file, acked);
        assertThat(acked.total()).isEqualTo(1);
        Files.writeString(file, "\n{}\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> AckLog.read(file, acked)).hasMessageContaining("line 2");
    }

    private Acknowledgement record(long entity, long nanos) {
        Signal signal = Signal.of("view", entity, 1.5).at(nanos);
        Position position = tidal.tenant(TenantId.of(1)).orElseThrow().recordAll(List.of(signal), WriteOptions.DEFAULT);
        return new Acknowledgement(
                ++line, TenantId.of(1), position, "view", signal.entity(), null, (float) signal.weight(), nanos);
    }

    private void acknowledge(Acknowledgement ack) {
        acked.acknowledged(ack);
    }

    private static Position after(Position position) {
        WalSegmentId record = position.records().get(0);
        return Position.of(new WalSegmentId(record.region(), record.shard(), record.seqno() + 1));
    }

    private Verification verify() {
        return Verification.of(tidal, acked);
    }
}
