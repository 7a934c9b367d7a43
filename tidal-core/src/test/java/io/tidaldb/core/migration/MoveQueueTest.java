package io.tidaldb.core.migration;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.MigrationRecord;
import io.tidaldb.core.control.MigrationState;
import io.tidaldb.core.control.MigrationTerms;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Of the migrations that are begun, four are copied at a time")
class MoveQueueTest {

    private final List<MigrationRecord> all = new ArrayList<>();

    private void add(int count, MigrationState state, boolean paused) {
        add(count, state, paused, false);
    }

    private void add(int count, MigrationState state, boolean paused, boolean stalled) {
        for (int i = 0; i < count; i++) {
            long id = all.size() + 1L;
            all.add(new MigrationRecord(
                    id,
                    TenantId.of(id),
                    ReplicaId.parse("r0:s0"),
                    ReplicaId.parse("r1:s1"),
                    state,
                    new MigrationTerms(0, 1, 0, false, false),
                    0,
                    -1,
                    0,
                    0,
                    paused,
                    stalled,
                    List.of(),
                    null));
        }
    }

    private SortedSet<Long> waitingWithout(Long... away) {
        return MoveQueue.waiting(all, record -> !Set.of(away).contains(record.id()));
    }

    @Test
    @DisplayName("and the others wait, in order; those that were begun before and are compared or change hands count")
    void inOrder() {
        add(3, MigrationState.PREPARING, false);
        assertThat(waitingWithout()).isEmpty();
        add(3, MigrationState.PREPARING, false);
        assertThat(waitingWithout()).containsExactly(5L, 6L);
        add(1, MigrationState.VERIFYING, false);
        add(1, MigrationState.CUTOVER, false);
        assertThat(waitingWithout()).containsExactly(3L, 4L, 5L, 6L);
        add(4, MigrationState.DUAL_WRITE, false);
        assertThat(waitingWithout()).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    }

    @Test
    @DisplayName("neither those that are paused or stalled nor those that are over, held or erased take a place")
    void noPlace() {
        add(4, MigrationState.PREPARING, true);
        add(4, MigrationState.DUAL_WRITE, false, true);
        add(4, MigrationState.HOLD, false);
        add(4, MigrationState.GC, false);
        add(4, MigrationState.COMPLETE, false);
        add(4, MigrationState.PREPARING, false);
        assertThat(waitingWithout()).isEmpty();
        add(1, MigrationState.PREPARING, false);
        assertThat(waitingWithout()).containsExactly(25L);
    }

    @Test
    @DisplayName(
            "one with a node that is away leaves its place to the next, does not wait itself, and has it again afterwards")
    void away() {
        add(2, MigrationState.DUAL_WRITE, false);
        add(4, MigrationState.PREPARING, false);
        assertThat(waitingWithout()).containsExactly(5L, 6L);
        assertThat(waitingWithout(3L)).containsExactly(6L);
        assertThat(waitingWithout(1L, 3L)).isEmpty();
        assertThat(waitingWithout(6L)).containsExactly(5L);
        assertThat(waitingWithout(1L, 2L, 3L, 4L, 5L, 6L)).isEmpty();
    }
}
