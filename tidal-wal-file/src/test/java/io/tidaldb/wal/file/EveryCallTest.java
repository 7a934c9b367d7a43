package io.tidaldb.wal.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.testkit.WalStory;
import io.tidaldb.testkit.disk.DiskCall;
import io.tidaldb.testkit.disk.DiskFault.Outcome;
import io.tidaldb.testkit.disk.Loss;
import io.tidaldb.testkit.disk.MemoryDisk;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cuts the power at each call that a store makes to its disk, and looks at what is left. */
class EveryCallTest {

    private static final int STORIES = Integer.getInteger("tidal.cuts.stories", 1);
    private static final int STEPS = Integer.getInteger("tidal.cuts.steps", 60);
    private static final int CHANCES = Integer.getInteger("tidal.cuts.chances", 1);

    private long cuts;
    private long calls;

    /** Tells a story on a disk that does what it is asked for, and returns what was broken at its calls. */
    private List<String> cutEverywhere(long seed, int lag, boolean recoveryToo, Outcome syncs, DiskCall.Kind... lied) {
        MemoryDisk disk = new MemoryDisk();
        WalStory story = Stores.story(disk.root(), seed, lag);
        Random chance = new Random(seed);
        List<String> broken = new ArrayList<>();
        disk.fault(call -> {
            if (call.kind().changes()) {
                calls++;
                for (int variant = 0; variant < 2 + CHANCES; variant++) {
                    Loss loss = variant == 0 ? Loss.EVERYTHING : variant == 1 ? Loss.NOTHING : Loss.of(chance);
                    cut(disk, story, call, loss, recoveryToo && chance.nextInt(40) == 0, broken);
                }
            }
            return List.of(lied).contains(call.kind()) ? syncs : Outcome.DONE;
        });
        story.tell(STEPS);
        story.abandon();
        assertThat(story.acknowledgements()).isPositive();
        return broken;
    }

    private void cut(
            MemoryDisk disk, WalStory story, DiskCall call, Loss loss, boolean recoveryToo, List<String> broken) {
        MemoryDisk left = disk.afterCut(loss);
        if (recoveryToo) {
            // Once more while what the first one left is being recovered.
            left.fault(again -> {
                if (again.kind().changes()) {
                    judge(left.afterCut(loss), story, true, call + ", then " + again, broken);
                }
                return Outcome.DONE;
            });
        }
        judge(left, story, !recoveryToo, call + ", " + loss, broken);
    }

    private void judge(MemoryDisk left, WalStory story, boolean goesOn, String when, List<String> broken) {
        cuts++;
        String problem = story.broken(left.root(), goesOn);
        if (problem != null) {
            broken.add(when + ": " + problem);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 30})
    @DisplayName("R-13: a power cut at any call loses nothing that was acknowledged and makes nothing up")
    void anyCallCanBeTheLast(int lag) {
        for (int seed = 1; seed <= STORIES; seed++) {
            List<String> broken = cutEverywhere(seed, lag, true, Outcome.DONE);
            assertThat(broken)
                    .as("seed %d, background after %d steps: %d of %d cuts", seed, lag, broken.size(), cuts)
                    .isEmpty();
        }
        System.out.println(
                "cuts: lag=" + lag + " stories=" + STORIES + " calls=" + calls + " cuts=" + cuts + " broken=0");
    }

    @Test
    @DisplayName("a disk that says of files that they are synced, and lies, is found out: the cuts would show it")
    void withoutSyncSomethingIsLost() {
        assertThat(cutEverywhere(1, 0, false, Outcome.LYING, DiskCall.Kind.SYNC))
                .isNotEmpty();
    }

    @Test
    @DisplayName("a disk that says of directories that they are synced, and lies, is found out")
    void withoutSyncOfDirectoriesSomethingIsLost() {
        assertThat(cutEverywhere(1, 0, false, Outcome.LYING, DiskCall.Kind.SYNC_DIRECTORY))
                .isNotEmpty();
    }
}
