package io.tidaldb.it;

import io.tidaldb.api.Origin;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.it.ClientHistory.Found;
import io.tidaldb.it.ClientHistory.Read;
import io.tidaldb.it.ClientHistory.Told;
import io.tidaldb.it.ClientHistory.Write;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;

/** Says what in a history can't be: needs time n log n, and no search. */
final class HistoryCheck {

    /** What a history must keep. */
    enum Rule {
        /** What was acknowledged is there. */
        LOST,
        /** No event is there twice. */
        DOUBLED,
        /** What is there was written, for the entity that it is there for. */
        PHANTOM,
        /** What was refused is not there. */
        REFUSED,
        /** What was acknowledged is where it was said to be, and was said to be somewhere. */
        ELSEWHERE,
        /** No position is given to two events. */
        POSITION,
        /** Who was acknowledged before another one began stands before it in the same log, and logs ascend. */
        ORDER,
        /** What one session reads never goes back. */
        BACK,
        /** A fresh read has all that was acknowledged before it began. */
        STALE,
        /** A read has nothing that began after it ended, and nothing refused. */
        FUTURE,
        /** What a read has had stays. */
        VANISHED
    }

    /** A rule that is broken, and how. */
    record Problem(Rule rule, String story) {}

    private final ClientHistory history;
    private final List<Problem> problems = new ArrayList<>();

    private HistoryCheck(ClientHistory history) {
        this.history = history;
    }

    static List<Problem> problems(ClientHistory history) {
        HistoryCheck check = new HistoryCheck(history);
        check.events();
        check.positions();
        check.order();
        check.reads();
        return check.problems;
    }

    private void report(Rule rule, Object about) {
        problems.add(new Problem(rule, String.valueOf(about)));
    }

    private void events() {
        Map<Long, Write> written = new HashMap<>();
        history.writes().forEach(write -> written.put(write.event(), write));
        Map<Long, Found> there = new HashMap<>();
        for (Found found : history.found()) {
            Found before = there.put(found.event(), found);
            if (before != null) {
                report(Rule.DOUBLED, before + " and " + found);
            }
            Write write = written.get(found.event());
            if (write == null || write.entity() != found.entity()) {
                report(Rule.PHANTOM, found + ", written was " + write);
            } else if (write.told() == Told.REFUSED) {
                report(Rule.REFUSED, found);
            }
        }
        for (Write write : history.writes()) {
            Found found = there.get(write.event());
            if (write.told() == Told.ACKED && found == null) {
                report(Rule.LOST, write);
            } else if (write.told() == Told.ACKED
                    && found != null
                    && !found.at().equals(write.at())) {
                report(Rule.ELSEWHERE, write + " is " + found);
            }
        }
    }

    private void positions() {
        Set<WalSegmentId> given = new HashSet<>();
        for (Write write : history.writes()) {
            if (write.told() == Told.ACKED && write.at() != null && !given.add(write.at())) {
                report(Rule.POSITION, write);
            }
        }
        Set<WalSegmentId> held = new HashSet<>();
        Map<Origin, Long> ends = new HashMap<>();
        for (Found found : history.found()) {
            if (!held.add(found.at())) {
                report(Rule.POSITION, found);
            }
            Long end = ends.put(found.at().origin(), found.at().seqno());
            if (end != null && Long.compareUnsigned(end, found.at().seqno()) >= 0) {
                report(Rule.ORDER, found + " after " + end);
            }
        }
    }

    private void order() {
        List<Write> acked = history.writes().stream()
                .filter(write -> write.told() == Told.ACKED && write.at() != null)
                .sorted(Comparator.comparingLong(Write::began))
                .toList();
        PriorityQueue<Write> ending = new PriorityQueue<>(Comparator.comparingLong(Write::ended));
        Map<Origin, Long> ended = new HashMap<>();
        for (Write write : acked) {
            while (!ending.isEmpty() && ending.element().ended() < write.began()) {
                WalSegmentId at = Objects.requireNonNull(ending.remove().at());
                ended.merge(at.origin(), at.seqno(), Math::max);
            }
            WalSegmentId written = Objects.requireNonNull(write.at());
            Long before = ended.get(written.origin());
            if (before != null && written.seqno() <= before) {
                report(Rule.ORDER, write + " after " + before);
            }
            ending.add(write);
        }
    }

    private void reads() {
        Map<Long, long[]> acked = times(Write::ended, true);
        Map<Long, long[]> begun = times(Write::began, false);
        Map<Long, Long> left = new HashMap<>();
        history.found().forEach(found -> left.merge(found.entity(), 1L, Long::sum));
        Map<List<Long>, Read> last = new HashMap<>();
        history.reads().stream().sorted(Comparator.comparingLong(Read::began)).forEach(read -> {
            Read before = last.put(List.of((long) read.session(), read.entity()), read);
            if (before != null && before.count() > read.count()) {
                report(Rule.BACK, read + " after " + before);
            }
            if (read.fresh() && read.count() < before(acked, read.entity(), read.began())) {
                report(Rule.STALE, read + ", acknowledged were " + before(acked, read.entity(), read.began()));
            }
            if (read.count() > before(begun, read.entity(), read.ended())) {
                report(Rule.FUTURE, read + ", begun had " + before(begun, read.entity(), read.ended()));
            }
            if (read.count() > left.getOrDefault(read.entity(), 0L)) {
                report(Rule.VANISHED, read + ", left are " + left.get(read.entity()));
            }
        });
    }

    private Map<Long, long[]> times(java.util.function.ToLongFunction<Write> time, boolean acked) {
        Map<Long, List<Long>> times = new HashMap<>();
        for (Write write : history.writes()) {
            if (acked ? write.told() == Told.ACKED : write.told() != Told.REFUSED) {
                times.computeIfAbsent(write.entity(), entity -> new ArrayList<>())
                        .add(time.applyAsLong(write));
            }
        }
        Map<Long, long[]> sorted = new HashMap<>();
        times.forEach((entity, all) -> sorted.put(
                entity, all.stream().mapToLong(Long::longValue).sorted().toArray()));
        return sorted;
    }

    private static long before(Map<Long, long[]> times, long entity, long time) {
        long[] sorted = times.getOrDefault(entity, new long[0]);
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < time) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
