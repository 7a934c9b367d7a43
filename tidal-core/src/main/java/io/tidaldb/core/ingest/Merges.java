package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.core.codec.ControlRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Merges that were read in a slot's logs and wait until all that they merge is folded. Each names the log of the one before it, or follows
 * it in its log, so that all replicas come to the same order in whatever order the logs reach them: which ones are carried out follows from
 * how far the origins are folded. Loop-confined.
 */
final class Merges {

    private record Waiting(Origin writer, ControlRecord.Merge merge) {

        boolean names(Origin origin) {
            return merge.ends().stream().anyMatch(end -> end.origin().equals(origin));
        }
    }

    private final List<Waiting> waiting = new ArrayList<>();

    /** In whose log the last one was that was carried out; null if that is not known. */
    private @Nullable Origin last;

    void add(Origin writer, ControlRecord.Merge merge) {
        waiting.add(new Waiting(writer, merge));
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    void replaceBy(Merges other) {
        waiting.clear();
        waiting.addAll(other.waiting);
        last = other.last;
    }

    /** Returns whether the next one follows all that were before also if it does not name an origin whose ledger was merged. */
    boolean follows(Origin merged) {
        return last != null && !last.equals(merged);
    }

    /** Takes out the next one whose turn it is; null if there is none. */
    ControlRecord.@Nullable Merge next(Predicate<ControlRecord.End> folded) {
        for (int i = 0; i < waiting.size(); i++) {
            Waiting each = waiting.get(i);
            boolean first = waiting.subList(0, i).stream().noneMatch(before -> before.writer.equals(each.writer))
                    && waiting.stream().noneMatch(other -> !other.equals(each) && each.names(other.writer));
            if (first && each.merge.ends().stream().allMatch(folded)) {
                waiting.remove(i);
                last = each.writer;
                return each.merge;
            }
        }
        return null;
    }
}
