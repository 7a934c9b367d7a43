package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Members of a cluster under random faults")
class MembersSimulation {

    @Test
    @DisplayName(
            "all answer the same: nothing acknowledged is lost, nothing is there twice, nothing deleted comes back")
    void answersTheSame() {
        Seeds.run(MembersSimulation.class, RandomMembers::run);
    }

    @ParameterizedTest
    @ValueSource(longs = {2016, 100043, 105634, 108053, 109898, 122262})
    @DisplayName(
            "runs that failed once do not any more: a leader is preferred that could not lead for minutes; a node whose replica was fetched anew waits while a"
                    + " move is paused; a replica that is fetched anew is told a part that it does not have any more; a leader waits for a state that it"
                    + " asks nobody for; what a former leader alone has comes while its successor's lease has lapsed; a move ends at a node that has"
                    + " just taken another one's place")
    void onceFailed(long seed) {
        RandomMembers.run(seed, Trace.off());
    }

    @Test
    @DisplayName(
            "among the runs there are crashes, stops in order, drained nodes, moved slots, merged origins, bits that turn and acknowledged writes")
    void somethingHappens() {
        long crashes = 0;
        long stops = 0;
        long drained = 0;
        long acknowledged = 0;
        long cutOver = 0;
        long struck = 0;
        long merges = 0;
        long rotten = 0;
        for (long seed = 1; seed <= 12; seed++) {
            RandomMembers run = RandomMembers.run(seed, Trace.off());
            crashes += run.crashes();
            stops += run.stops();
            drained += run.drained();
            acknowledged += run.acknowledged();
            cutOver += run.migrations().cutOver();
            struck += run.migrations().struck();
            merges += run.merges();
            rotten += run.rotten();
        }
        assertThat(crashes).isPositive();
        assertThat(stops).isPositive();
        assertThat(drained).isPositive();
        assertThat(acknowledged).isGreaterThan(50);
        assertThat(cutOver).isPositive();
        assertThat(struck).isPositive();
        assertThat(merges).isPositive();
        assertThat(rotten).isPositive();
    }

    @Test
    @DisplayName("F-73: among the runs keys are rotated and revoked, and machines crash at that")
    void keysChange() {
        long rotated = 0;
        long refused = 0;
        long struck = 0;
        // With encrypted tenants.
        for (long seed : new long[] {14, 16, 21, 22, 24}) {
            RandomKeys keys = RandomMembers.run(seed, Trace.off()).keys();
            rotated += keys.rotated();
            refused += keys.refused();
            struck += keys.struck();
        }
        assertThat(rotated).isPositive();
        assertThat(refused).isPositive();
        assertThat(struck).isPositive();
    }

    @Test
    @DisplayName("F-71, F-72: among the runs tenants are backed up and restored, and entities are erased")
    void backedUpAndRestored() {
        long parts = 0;
        long restored = 0;
        long erased = 0;
        // With backups.
        for (long seed : new long[] {13, 20, 29}) {
            RandomMembers run = RandomMembers.run(seed, Trace.off());
            parts += run.backups().parts();
            restored += run.backups().restored();
            erased += run.erasures().completed();
        }
        assertThat(parts).isPositive();
        assertThat(restored).isPositive();
        assertThat(erased).isPositive();
    }

    @Test
    @DisplayName("the same seed leaves the same trace, byte for byte")
    void sameSeedSameTrace(@TempDir Path directory) throws IOException {
        Path first = directory.resolve("first");
        Path second = directory.resolve("second");
        try (Trace one = Trace.to(first);
                Trace two = Trace.to(second)) {
            RandomMembers.run(7, one);
            RandomMembers.run(7, two);
        }
        assertThat(Files.mismatch(first, second)).isNegative();
    }
}
