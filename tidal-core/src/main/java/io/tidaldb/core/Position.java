package io.tidaldb.core;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Where writes ended: for each origin that took part, the name of its last record. Prints {@code r0:s0:42}, or
 * {@code r0:s0:42,r1:s0:2.7} for several. A read that presents it sees everything up to it.
 *
 * @param records one for each origin, ordered
 */
public record Position(List<WalSegmentId> records) {

    /** Orders and copies; of several records of one origin, keeps the last. */
    public Position {
        // Most writes end in one record, and have a position each.
        records = List.copyOf(records.size() > 1 ? last(records) : records);
    }

    private static List<WalSegmentId> last(List<WalSegmentId> records) {
        List<WalSegmentId> kept = new ArrayList<>();
        records.stream().sorted(Comparator.naturalOrder()).forEach(next -> {
            if (!kept.isEmpty() && kept.get(kept.size() - 1).origin().equals(next.origin())) {
                kept.remove(kept.size() - 1);
            }
            kept.add(next);
        });
        return kept;
    }

    /** Returns the position of one record. */
    public static Position of(WalSegmentId record) {
        return new Position(List.of(record));
    }

    /**
     * Reads the printed form.
     *
     * @throws TidalException INVALID_ARGUMENT if the text has another form
     */
    public static Position parse(String text) {
        return new Position(
                Arrays.stream(text.split(",", -1)).map(WalSegmentId::parse).toList());
    }

    /** Returns the position that holds both. */
    public Position and(Position other) {
        List<WalSegmentId> all = new ArrayList<>(records);
        all.addAll(other.records);
        return new Position(all);
    }

    @Override
    public String toString() {
        return records.stream().map(WalSegmentId::toString).collect(Collectors.joining(","));
    }
}
