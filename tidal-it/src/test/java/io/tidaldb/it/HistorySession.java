package io.tidaldb.it;

import io.tidaldb.api.Outcome;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.client.ClientTenant;
import io.tidaldb.it.ClientHistory.Found;
import io.tidaldb.it.ClientHistory.Read;
import io.tidaldb.it.ClientHistory.Told;
import io.tidaldb.it.ClientHistory.Write;
import io.tidaldb.server.importing.ExportLine;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** A client that writes one event after the other, reads after each, and records what it was told. */
final class HistorySession {

    private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");
    private static final int ENTITIES = 4;
    private static final long PAUSE_NANOS = 5_000_000;

    private final ClientTenant tenant;
    private final ClientHistory history;
    private final int session;

    HistorySession(ClientTenant tenant, ClientHistory history, int session) {
        this.tenant = tenant;
        this.history = history;
        this.session = session;
    }

    void run(AtomicBoolean over) {
        for (long number = 0; !over.get(); number++) {
            // The event's time tells it from all others.
            long event = number * 1_000 + session;
            write(event, event % ENTITIES);
            read(event % ENTITIES);
            read((event + number) % ENTITIES);
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private void write(long event, long entity) {
        Signal signal = Signal.of("view", entity, 1).at(EPOCH.plusNanos(event));
        long began = System.nanoTime();
        try {
            Position position = tenant.recordAll(List.of(signal), WriteOptions.DEFAULT.with(Duration.ofMinutes(1)));
            history.add(new Write(
                    session,
                    event,
                    entity,
                    began,
                    System.nanoTime(),
                    Told.ACKED,
                    position.records().get(0)));
        } catch (TidalException e) {
            Told told = e.outcome() == Outcome.NOT_APPLIED ? Told.REFUSED : Told.UNKNOWN;
            history.add(new Write(session, event, entity, began, System.nanoTime(), told, null));
        }
    }

    private void read(long entity) {
        long began = System.nanoTime();
        Reading reading = tenant.read("view", entity, ReadOptions.DEFAULT);
        history.add(new Read(
                session,
                entity,
                began,
                System.nanoTime(),
                reading.count(),
                reading.staleness().isZero()));
    }

    /** Adds what is in the logs in the end. */
    static void found(String server, TenantId tenant, ClientHistory history) {
        Cli.run("signal", "export", "--server", server, "--tenant", tenant, "--output", "json")
                .done()
                .out()
                .lines()
                .map(ExportLine::parse)
                .forEach(signal -> history.add(found(signal)));
    }

    private static Found found(RecordedSignal signal) {
        long event =
                signal.eventNanos() - Duration.between(Instant.EPOCH, EPOCH).toNanos();
        return new Found(signal.position(), event, signal.entity().value());
    }
}
