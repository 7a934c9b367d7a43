package io.tidaldb.core.control;

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

@DisplayName("R-61, F-13: All that can happen to a slot that moves, with two writes and something that goes wrong")
class MigrationExplorerTest {

    /** How far a search has come. */
    private static final class Search {

        private final Set<Object> seen = new HashSet<>();
        private final Deque<MigrationModel> open = new ArrayDeque<>();
        private long transitions;
        private long ends;
        private @Nullable String wrong;
        private @Nullable MigrationModel where;

        Search(MigrationModel.Mistake mistake, int faults) {
            add(new MigrationModel(mistake, faults));
        }

        private void add(MigrationModel state) {
            transitions++;
            if (wrong == null && seen.add(state.fingerprint())) {
                found(state.violation(), state);
                open.push(state);
            }
        }

        private void found(@Nullable String violation, MigrationModel state) {
            if (violation != null) {
                wrong = violation;
                where = state;
            }
        }

        void run() {
            while (wrong == null && !open.isEmpty()) {
                MigrationModel state = open.pop();
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
            "one leads at a time, the target has what was acknowledged when it leads, nothing is erased that is there alone")
    void holds() {
        Search search = new Search(MigrationModel.Mistake.NONE, Integer.getInteger("tidal.explore.faults", 1));
        search.run();
        System.out.println("migration explorer: " + search);
        assertThat(search.wrong).as(search.toString()).isNull();
        assertThat(search.ends).isPositive();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    @DisplayName("is noticed where it is otherwise")
    void mistakesAreFound(MigrationModel.Mistake mistake) {
        Search search = new Search(mistake, 3);
        search.run();
        assertThat(search.wrong).as(mistake.toString()).isNotNull();
    }
}
