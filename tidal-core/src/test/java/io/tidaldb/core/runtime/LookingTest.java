package io.tidaldb.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Who looks for work before it parks")
class LookingTest {

    private int looked;

    private boolean never() {
        looked++;
        return false;
    }

    /** Returns which of so many waits in vain it looked in. */
    private List<Integer> lookedIn(Looking looking, int waits) {
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < waits; i++) {
            looked = 0;
            assertThat(looking.comes(this::never)).isFalse();
            if (looked > 0) {
                all.add(i);
            }
        }
        return all;
    }

    @Test
    @DisplayName("leaves out more and more of it while it is in vain, and none once it has paid")
    void backsOff() {
        Looking looking = new Looking(true);
        assertThat(lookedIn(looking, 20)).containsExactly(0, 2, 6, 14);
        while (!looking.comes(() -> true)) {
            looked++;
        }
        assertThat(looking.comes(() -> true)).isTrue();
        assertThat(lookedIn(looking, 5)).containsExactly(0, 2);
    }

    @Test
    @DisplayName("never looks where it would keep away who brings the work")
    void impossible() {
        assertThat(lookedIn(new Looking(false), 3)).isEmpty();
    }
}
