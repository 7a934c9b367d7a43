package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("R-52: All that can happen to three replicas with two writes, a retry, a crash and a cut")
class TakeoverExplorerTest {

    /** How far a search has come. */
    private static final class Search {

        private final Set<Long> seen = new HashSet<>();
        private final Deque<TakeoverModel> open = new ArrayDeque<>();
        private long transitions;
        private long ends;

        private @Nullable String wrong;

        private @Nullable TakeoverModel where;

        Search(TakeoverModel.Mistake mistake) {
            add(new TakeoverModel(mistake, Integer.getInteger("tidal.explore.expiries", 1)));
        }

        private void add(TakeoverModel state) {
            transitions++;
            if (wrong == null && seen.add(state.fingerprint())) {
                found(state.violation(), state);
                open.push(state);
            }
        }

        private void found(@Nullable String violation, TakeoverModel state) {
            if (violation != null) {
                wrong = violation;
                where = state;
            }
        }

        /** Looks at all states, or until something is wrong. */
        void run() {
            while (wrong == null && !open.isEmpty()) {
                TakeoverModel state = open.pop();
                if (!state.next(this::add)) {
                    ends++;
                    found(state.violationAtRest(), state);
                }
            }
        }

        @Override
        public String toString() {
            return "states=" + seen.size() + " transitions=" + transitions + " ends=" + ends
                    + (where == null ? "" : " wrong: " + wrong + "\n  " + String.join("\n  ", where.steps()));
        }
    }

    @Test
    @DisplayName(
            "never counts a write twice, loses none that was acknowledged, and says that all is there only when it is")
    void holds() {
        Search search = new Search(TakeoverModel.Mistake.NONE);
        search.run();
        System.out.println("takeover explorer: " + search);
        assertThat(search.wrong).as(search.toString()).isNull();
        assertThat(search.ends).isPositive();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    @DisplayName("is noticed where it does")
    void mistakesAreFound(TakeoverModel.Mistake mistake) {
        Search search = new Search(mistake);
        search.run();
        assertThat(search.wrong).as(mistake.toString()).isNotNull();
    }
}
