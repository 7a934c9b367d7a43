package io.tidaldb.server.importing;

import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import java.util.List;

/** Lines of one tenant that are recorded in one call. Immutable. */
record ImportBatch(ImportTarget.Recipient tenant, List<ParsedLine.Event> events) {

    ImportBatch {
        events = List.copyOf(events);
    }

    List<Signal> signals() {
        return events.stream()
                .map(e -> new Signal(e.signal(), e.entity(), e.entityName(), e.weight(), e.eventNanos()))
                .toList();
    }

    List<ImportBatch> halves() {
        int middle = events.size() / 2;
        return List.of(
                new ImportBatch(tenant, events.subList(0, middle)),
                new ImportBatch(tenant, events.subList(middle, events.size())));
    }

    /** Tells a sink that all lines are acknowledged. */
    void acknowledge(Position position, AckSink acks) {
        for (int i = 0; i < events.size(); i++) {
            ParsedLine.Event event = events.get(i);
            acks.acknowledged(new Acknowledgement(
                    event.line(),
                    tenant.id(),
                    positionOf(i, position),
                    event.signal(),
                    event.entity(),
                    event.entityName(),
                    (float) event.weight(),
                    event.eventNanos()));
        }
        acks.flush();
    }

    // The records of one call to one shard have consecutive seqnos, in order, that end at the position.
    private Position positionOf(int index, Position end) {
        if (end.records().size() != 1) {
            return end;
        }
        WalSegmentId last = end.records().get(0);
        return Position.of(new WalSegmentId(last.region(), last.shard(), last.seqno() - (events.size() - 1 - index)));
    }
}
