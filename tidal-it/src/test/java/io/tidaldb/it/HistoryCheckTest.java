package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.WalSegmentId;
import io.tidaldb.it.ClientHistory.Found;
import io.tidaldb.it.ClientHistory.Read;
import io.tidaldb.it.ClientHistory.Told;
import io.tidaldb.it.ClientHistory.Write;
import io.tidaldb.it.HistoryCheck.Problem;
import io.tidaldb.it.HistoryCheck.Rule;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The checker accepts a history in which all is well, and rejects it with any one thing wrong. */
class HistoryCheckTest {

    private static final String ONE = "r0:s0";
    private static final String OTHER = "r1:s0";

    private static WalSegmentId at(String log, long seqno) {
        return WalSegmentId.parse(log + ":" + seqno);
    }

    /**
     * Two sessions write to entities 1 and 2 by turns; event 6 is refused, 7 and 8 have an unknown outcome, of which 7 is there; the second
     * half is in another log.
     */
    private static ClientHistory good() {
        ClientHistory history = new ClientHistory();
        long[] seqnos = new long[2];
        long[] counts = new long[3];
        for (int event = 1; event <= 20; event++) {
            int log = event <= 10 ? 0 : 1;
            long entity = 1L + event % 2;
            long began = 100L * event;
            Told told = event == 6 ? Told.REFUSED : event == 7 || event == 8 ? Told.UNKNOWN : Told.ACKED;
            WalSegmentId at = null;
            if (event != 6 && event != 8) {
                at = at(log == 0 ? ONE : OTHER, ++seqnos[log]);
                history.add(new Found(at, event, entity));
                counts[(int) entity]++;
            }
            history.add(new Write(event % 2, event, entity, began, began + 40, told, told == Told.ACKED ? at : null));
            history.add(new Read(event % 2, entity, began + 50, began + 60, counts[(int) entity], true));
            history.add(new Read(
                    event % 2, 3 - entity, began + 70, began + 80, counts[(int) (3 - entity)], event % 3 == 0));
        }
        return history;
    }

    private static <T> Consumer<List<T>> replace(int index, UnaryOperator<T> by) {
        return list -> list.set(index, by.apply(list.get(index)));
    }

    private static Write acked(Write write, @Nullable WalSegmentId at) {
        return new Write(write.session(), write.event(), write.entity(), write.began(), write.ended(), Told.ACKED, at);
    }

    private static Read counting(Read read, long more) {
        return new Read(read.session(), read.entity(), read.began(), read.ended(), read.count() + more, read.fresh());
    }

    /** What is wrong. */
    @SuppressWarnings("ImmutableEnumChecker") // What is spoilt is what a spoiler is given.
    enum Bad {
        FIRST_IS_LOST(Rule.LOST, h -> h.found().remove(0)),
        LAST_IS_LOST(Rule.LOST, h -> h.found().remove(h.found().size() - 1)),
        ONE_WITHIN_IS_LOST(Rule.LOST, h -> h.found().remove(4)),
        A_TAIL_IS_LOST(Rule.LOST, h -> h.found().subList(12, 18).clear()),
        ONE_IS_THERE_AGAIN(Rule.DOUBLED, h -> h.found().add(new Found(at(OTHER, 11), 20, 1))),
        ONE_IS_THERE_IN_BOTH_LOGS(Rule.DOUBLED, h -> h.found().add(new Found(at(OTHER, 11), 3, 2))),
        AN_UNKNOWN_ONE_IS_THERE_TWICE(Rule.DOUBLED, h -> h.found().add(new Found(at(OTHER, 11), 7, 2))),
        NOBODY_WROTE_IT(Rule.PHANTOM, h -> h.found().add(new Found(at(OTHER, 11), 99, 1))),
        ANOTHER_ENTITY_HAS_IT(Rule.PHANTOM, h -> Edits.found(h, 3, f -> new Found(f.at(), f.event(), 3 - f.entity()))),
        A_REFUSED_ONE_IS_THERE(Rule.REFUSED, h -> h.found().add(new Found(at(OTHER, 11), 6, 1))),
        IT_MOVED_IN_ITS_LOG(
                Rule.ELSEWHERE, h -> Edits.found(h, 17, f -> new Found(at(OTHER, 44), f.event(), f.entity()))),
        IT_MOVED_TO_ANOTHER_LOG(
                Rule.ELSEWHERE, h -> Edits.found(h, 7, f -> new Found(at("r2:s0", 1), f.event(), f.entity()))),
        IT_WAS_ACKNOWLEDGED_NOWHERE(Rule.ELSEWHERE, h -> Edits.write(h, 2, w -> acked(w, null))),
        TWO_HAVE_ONE_POSITION(
                Rule.POSITION,
                h -> Edits.write(h, 2, w -> acked(w, h.writes().get(1).at()))),
        A_POSITION_HOLDS_TWO(
                Rule.POSITION,
                h -> Edits.found(h, 5, f -> new Found(h.found().get(4).at(), f.event(), f.entity()))),
        A_SESSION_IS_OUT_OF_ORDER(Rule.ORDER, h -> Edits.swap(h, 1, 3)),
        TWO_SESSIONS_ARE_OUT_OF_ORDER(Rule.ORDER, h -> Edits.swap(h, 1, 2)),
        A_LOG_DOES_NOT_ASCEND(Rule.ORDER, h -> h.found().add(3, h.found().remove(2))),
        A_READ_GOES_BACK(Rule.BACK, h -> Edits.read(h, 37, r -> counting(r, -5))),
        A_READ_LACKS_ITS_OWN_WRITE(Rule.STALE, h -> Edits.read(h, 20, r -> counting(r, -2))),
        A_READ_LACKS_ANOTHERS_WRITE(Rule.STALE, h -> Edits.read(h, 23, r -> counting(r, -2))),
        A_READ_COUNTS_WHAT_WAS_REFUSED(Rule.FUTURE, h -> Edits.read(h, 6, r -> counting(r, 2))),
        A_READ_COUNTS_WHAT_COMES(Rule.FUTURE, h -> Edits.read(h, 0, r -> counting(r, 1))),
        WHAT_WAS_READ_VANISHED(Rule.VANISHED, h -> {
            h.found().removeIf(found -> found.event() == 7);
            h.writes().removeIf(write -> write.event() == 20);
        });

        private final Rule rule;
        private final Consumer<ClientHistory> spoil;

        Bad(Rule rule, Consumer<ClientHistory> spoil) {
            this.rule = rule;
            this.spoil = spoil;
        }
    }

    @Test
    @DisplayName("accepts a history in which all is well")
    void acceptsWhatIsWell() {
        assertThat(HistoryCheck.problems(good())).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("rejects a history with one thing wrong")
    void rejects(Bad bad) {
        ClientHistory history = good();
        bad.spoil.accept(history);
        assertThat(HistoryCheck.problems(history)).extracting(Problem::rule).contains(bad.rule);
    }

    @Test
    @DisplayName("has a bad history for each rule, and twenty or more")
    void hasOneForEachRule() {
        assertThat(Bad.values()).hasSizeGreaterThanOrEqualTo(20);
        assertThat(Bad.values()).extracting(bad -> bad.rule).contains(Rule.values());
    }

    /** Changes of one thing. */
    private static final class Edits {

        static void found(ClientHistory history, int index, UnaryOperator<Found> by) {
            replace(index, by).accept(history.found());
        }

        static void write(ClientHistory history, int index, UnaryOperator<Write> by) {
            replace(index, by).accept(history.writes());
        }

        static void read(ClientHistory history, int index, UnaryOperator<Read> by) {
            replace(index, by).accept(history.reads());
        }

        static void swap(ClientHistory history, int one, int other) {
            @Nullable WalSegmentId first = history.writes().get(one).at();
            @Nullable WalSegmentId second = history.writes().get(other).at();
            write(history, one, write -> acked(write, second));
            write(history, other, write -> acked(write, first));
        }
    }
}
