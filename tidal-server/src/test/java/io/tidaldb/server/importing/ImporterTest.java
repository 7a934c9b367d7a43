package io.tidaldb.server.importing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Position;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.Tidal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class ImporterTest {

    @AutoClose
    private final Tidal tidal = Tidal.builder().open();

    private final List<Acknowledgement> acks = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    @Test
    void givesEachLineItsOwnPosition() throws IOException {
        ImportReport report = run(lines(1_000), Importer.OnThrottle.WAIT, false);
        assertThat(report.accepted()).isEqualTo(1_000);
        // What the store itself records of a tenant, such as its schema, comes first.
        long before = seqno(acks.get(0)) - 1;
        assertThat(acks).hasSize(1_000).allSatisfy(ack -> assertThat(seqno(ack)).isEqualTo(before + ack.line()));
        assertThat(acks.get(999).entity()).isEqualTo(EntityId.of(1_000));
        List<RecordedSignal> recorded = new ArrayList<>();
        tidal.tenant(TenantId.of(1)).orElseThrow().export(recorded::add);
        assertThat(recorded)
                .extracting(signal -> Position.of(signal.position()))
                .isEqualTo(acks.stream().map(Acknowledgement::position).toList());
    }

    @Test
    void blamesOnlyTheLineThatIsToBlame() throws IOException {
        String late = "{\"tenant\":1,\"signal\":\"view\",\"entity\":1,\"ts\":\"2200-01-01T00:00:00Z\"}\n";
        ImportReport report = run(lines(699) + late + lines(300), Importer.OnThrottle.WAIT, false);
        assertThat(report.accepted()).isEqualTo(999);
        assertThat(report.malformed()).isEqualTo(1);
        assertThat(notes).anyMatch(note -> note.startsWith("line 700: ") && note.contains("2200-01-01"));
    }

    @Test
    void waitsForTheRateLimit() throws IOException {
        tidal.createTenant(TenantConfig.builder(TenantId.of(1))
                .maxSignalsPerSecond(5_000)
                .burst(512)
                .build());
        ImportReport report = run(lines(4 * 512), Importer.OnThrottle.WAIT, false);
        assertThat(report.accepted()).isEqualTo(4 * 512);
        assertThat(report.throttled()).isBetween(512L, 3L * 512);
        assertThat(report.skipped()).isZero();
        assertThat(acks).hasSize(4 * 512);
    }

    @Test
    void skipsWhatTheRateLimitRefuses() throws IOException {
        tidal.createTenant(TenantConfig.builder(TenantId.of(1))
                .maxSignalsPerSecond(0.001)
                .burst(300)
                .build());
        ImportReport report = run(lines(512), Importer.OnThrottle.SKIP, false);
        assertThat(report.accepted()).isEqualTo(300);
        assertThat(report.skipped()).isEqualTo(212);
        assertThat(report.throttled()).isEqualTo(212);
        assertThat(report.refused()).isFalse();
    }

    @Test
    void aCapThatWaitingDoesNotHelpRefusesOnlyItsLines() throws IOException {
        tidal.createTenant(TenantConfig.builder(TenantId.of(1)).maxEntities(9).build());
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
    void aFileThatBreaksOffIsRecordedAsFarAsItCouldBeRead() throws IOException {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(zipped)) {
            zip.write(lines(5_000).getBytes(StandardCharsets.UTF_8));
        }
        Importer importer = importer(true, Duration.ofDays(7));
        EventFile events = file(Arrays.copyOf(zipped.toByteArray(), zipped.size() - 6));
        assertThatIOException().isThrownBy(() -> importer.run(events));
        assertThat(importer.report().read()).isGreaterThan(4_000);
        assertThat(importer.report().accepted())
                .isEqualTo(importer.report().read())
                .isEqualTo(acks.size());
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
                        new EmbeddedTarget(new TenantLookup(tidal, true), new SignalLookup(tidal, Duration.ofDays(7))),
                        acks::add,
                        onThrottle,
                        strict,
                        notes::add)
                .run(file(text));
    }

    private Importer importer(boolean createTenants, @Nullable Duration halfLife) {
        return new Importer(
                new EmbeddedTarget(new TenantLookup(tidal, createTenants), new SignalLookup(tidal, halfLife)),
                acks::add,
                Importer.OnThrottle.WAIT,
                false,
                notes::add);
    }

    private static EventFile file(String text) throws IOException {
        return file(text.getBytes(StandardCharsets.UTF_8));
    }

    private static EventFile file(byte[] content) throws IOException {
        return EventFile.open("events", new ByteArrayInputStream(content), FieldMap.NONE, EntityMode.BY_FIELD, () -> 1);
    }

    private static String lines(int count) {
        return IntStream.rangeClosed(1, count)
                .mapToObj(i -> "{\"tenant\":1,\"signal\":\"view\",\"entity\":" + i + "}\n")
                .collect(Collectors.joining());
    }

    private static long seqno(Acknowledgement ack) {
        return ack.position().records().get(0).seqno();
    }
}
