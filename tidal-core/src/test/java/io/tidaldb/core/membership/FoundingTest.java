package io.tidaldb.core.membership;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Nodes that make a cluster, under random faults")
class FoundingTest {

    private static final int SEEDS = Integer.getInteger("tidal.sim.seeds", 40);
    private static final int FIRST = Integer.getInteger("tidal.sim.firstSeed", 1);

    @Test
    @DisplayName("make one, and all of them enter it, whatever crashes and is cut off")
    void makeOne() {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            try (Founding run = new Founding(seed)) {
                run.run(false);
                assertThat(run.made()).as("seed " + seed).isEqualTo(1);
                assertThat(run.refused()).as("seed " + seed).isZero();
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    @Test
    @DisplayName("class 9: that lose their disks make no second one while one of them has the first")
    void neverTwo() {
        int made = 0;
        int refused = 0;
        int wiped = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            try (Founding run = new Founding(seed)) {
                run.run(true);
                made += run.made();
                refused += run.refused();
                wiped += run.wiped();
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(made).isPositive();
        assertThat(refused).isPositive();
        assertThat(wiped).isGreaterThan(SEEDS);
    }
}
