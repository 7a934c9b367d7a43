package io.tidaldb.server.importing;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ImporterTest {

    private final FakeTidal tidal = new FakeTidal();
    private final List<Acknowledgement> acks = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    @Test
    void givesEachLineItsOwnPosition() throws IOException {
        ImportReport report = run(lines(1_000), Importer.OnThrottle.WAIT, false);
        assertThat(report.accepted()).isEqualTo(1_000);
        assertThat(acks)
                .hasSize(1_000)
                .allSatisfy(ack -> assertThat(ack.position().toString()).isEqualTo("r0:s0:" + ack.line()));
        assertThat(acks.get(999).entity()).isEqualTo(EntityId.of(1_000));
    }

    @Test
    void blamesOnlyTheLineThatIsToBlame() throws IOException {
        tidal.door = signals -> has(signals, 700)
                ? Optional.of(new TidalException(ErrorCode.EVENT_TIME_TOO_FAR, "too far"))
                : Optional.empty();
        ImportReport report = run(lines(1_000), Importer.OnThrottle.WAIT, false);
        assertThat(report.accepted()).isEqualTo(999);
        assertThat(report.malformed()).isEqualTo(1);
        assertThat(notes).contains("line 700: too far");
    }

    @Test
    void waitsForTheRateLimit() throws IOException {
        int[] refusals = new int[1];
        tidal.door = signals -> refusals[0]++ < 3 ? Optional.of(throttled(Duration.ofMillis(1))) : Optional.empty();
        ImportReport report = run(lines(10), Importer.OnThrottle.WAIT, false);
        assertThat(report.accepted()).isEqualTo(10);
        assertThat(report.throttled()).isEqualTo(10);
        assertThat(report.skipped()).isZero();
    }

    @Test
    void skipsWhatTheRateLimitRefuses() throws IOException {
        int[] left = {300};
        tidal.door = signals -> {
            if (signals.size() > left[0]) {
                return Optional.of(throttled(Duration.ofHours(1)));
            }
            left[0] -= signals.size();
            return Optional.empty();
        };
        ImportReport report = run(lines(512), Importer.OnThrottle.SKIP, false);
        assertThat(report.accepted()).isEqualTo(300);
        assertThat(report.skipped()).isEqualTo(212);
        assertThat(report.throttled()).isEqualTo(212);
        assertThat(report.refused()).isFalse();
    }

    @Test
    void aCapThatWaitingDoesNotHelpRefusesOnlyItsLines() throws IOException {
        tidal.door = signals -> has(signals, 5) ? Optional.of(throttled(null)) : Optional.empty();
        ImportReport report = run(lines(10), Importer.OnThrottle.WAIT, false);
        assertThat(report.accepted()).isEqualTo(9);
        assertThat(report.skipped()).isEqualTo(1);
        assertThat(report.refused()).isTrue();
    }

    @Test
    void reportsTheFirstTwentyMalformedLines() throws IOException {
        ImportReport report = run("{}\n".repeat(30), Importer.OnThrottle.WAIT, false);
        assertThat(report.malformed()).isEqualTo(30);
        assertThat(notes).hasSize(21).last().isEqualTo("further malformed lines are counted, not shown");
    }

    @Test
    void strictEndsAtTheFirstMalformedLine() throws IOException {
        ImportReport report = run(lines(3) + "{}\n" + lines(3), Importer.OnThrottle.WAIT, true);
        assertThat(report.stopped()).contains("line 4");
        assertThat(report.accepted()).isEqualTo(3);
        assertThat(report.read()).isEqualTo(4);
    }

    @Test
    void unknownTenantsAndSignalsAreMalformedUnlessTheyMayBeCreated() throws IOException {
        String text = "{\"tenant\":\"acme\",\"signal\":\"new\",\"entity\":1}\n";
        tidal.createTenant(TenantConfig.builder(TenantId.of(1)).build());
        assertThat(importer(false, null).run(file(text)).malformed()).isEqualTo(1);
        assertThat(importer(true, null).run(file(text)).malformed()).isEqualTo(1);
        assertThat(importer(true, Duration.ofDays(1)).run(file(text)).accepted())
                .isEqualTo(1);
        assertThat(tidal.tenantLabelled("acme").orElseThrow().id()).isEqualTo(TenantId.of(2));
        assertThat(tidal.signals().get(0).halfLife()).isEqualTo(Duration.ofDays(1));
    }

    private ImportReport run(String text, Importer.OnThrottle onThrottle, boolean strict) throws IOException {
        return new Importer(
                        new TenantLookup(tidal, true),
                        new SignalLookup(tidal, Duration.ofDays(7)),
                        acks::add,
                        onThrottle,
                        strict,
                        notes::add)
                .run(file(text));
    }

    private Importer importer(boolean createTenants, @Nullable Duration halfLife) {
        return new Importer(
                new TenantLookup(tidal, createTenants),
                new SignalLookup(tidal, halfLife),
                acks::add,
                Importer.OnThrottle.WAIT,
                false,
                notes::add);
    }

    private static EventFile file(String text) throws IOException {
        return EventFile.open(
                "events",
                new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
                FieldMap.NONE,
                EntityMode.BY_FIELD,
                () -> 1);
    }

    private static String lines(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> "{\"tenant\":1,\"signal\":\"view\",\"entity\":" + i + "}\n")
                .collect(Collectors.joining());
    }

    private static boolean has(List<Signal> signals, long entity) {
        return signals.stream().anyMatch(signal -> signal.entity().value() == entity);
    }

    private static QuotaExceededException throttled(@Nullable Duration retryAfter) {
        return new QuotaExceededException(
                TenantId.of(1),
                QuotaExceededException.Quota.SIGNALS_PER_SECOND,
                QuotaExceededException.Cause.RATE,
                1,
                1,
                1,
                0,
                retryAfter);
    }
}
