package io.tidaldb.wal.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.testkit.WalStory;
import io.tidaldb.testkit.disk.DiskCall;
import io.tidaldb.testkit.disk.DiskCall.Kind;
import io.tidaldb.testkit.disk.DiskFault;
import io.tidaldb.testkit.disk.DiskFault.Outcome;
import io.tidaldb.testkit.disk.Loss;
import io.tidaldb.testkit.disk.MemoryDisk;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Lets each call that a store makes to its disk fail in each way, and looks at what it says and what is left. */
class EveryFaultTest {

    private static final int STEPS = Integer.getInteger("tidal.cuts.steps", 60);
    private static final int EVERY = Integer.getInteger("tidal.faults.every", 4);

    /** What goes wrong, at which calls, and whether once or from then on. */
    @SuppressWarnings("ImmutableEnumChecker") // The set is changed by nobody.
    enum Fault {
        WRITE_ERROR("Input/output error", false, Kind.WRITE),
        NO_ROOM("No space left on device", false, Kind.WRITE, Kind.CREATE, Kind.MAKE_DIRECTORY),
        NO_ROOM_ANY_MORE("No space left on device", true, Kind.WRITE, Kind.CREATE, Kind.MAKE_DIRECTORY),
        SYNC_ERROR("Input/output error", false, Kind.SYNC, Kind.SYNC_DIRECTORY),
        READ_ERROR("Input/output error", false, Kind.READ),
        NAME_ERROR("Input/output error", false, Kind.MOVE, Kind.DELETE, Kind.TRUNCATE, Kind.CREATE),
        NO_DESCRIPTORS("Too many open files", true, Kind.CREATE, Kind.MOVE),
        SHORT(null, true, Kind.WRITE, Kind.READ);

        private final @Nullable String error;
        private final boolean lasting;
        private final Set<Kind> kinds;

        Fault(@Nullable String error, boolean lasting, Kind... kinds) {
            this.error = error;
            this.lasting = lasting;
            this.kinds = EnumSet.copyOf(List.of(kinds));
        }

        DiskFault at(int first, int[] seen) {
            return call -> {
                if (!kinds.contains(call.kind())) {
                    return Outcome.DONE;
                }
                int number = ++seen[0];
                if (number < first || number > first && !lasting) {
                    return Outcome.DONE;
                }
                if (error == null) {
                    return Outcome.SHORT;
                }
                throw new IOException(error);
            };
        }
    }

    private static @Nullable TidalException tell(WalStory story) {
        try {
            story.tell(STEPS);
            return null;
        } catch (TidalException e) {
            assertThat(e.code()).isIn(ErrorCode.STORE_FAILED, ErrorCode.STORAGE_FULL, ErrorCode.CORRUPT_LOG);
            return e;
        } finally {
            story.abandon();
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("R-13: whatever call fails, nothing that was acknowledged is lost and nothing made up")
    void anyCallCanFail(Fault fault) {
        int[] all = new int[1];
        MemoryDisk working = new MemoryDisk();
        working.fault(fault.at(Integer.MAX_VALUE, all));
        assertThat(tell(Stores.story(working.root(), 7, 3))).isNull();
        assertThat(all[0]).isPositive();
        int failed = 0;
        int runs = 0;
        for (int at = 1; at <= all[0]; at += fault == Fault.SHORT ? all[0] / 3 : EVERY) {
            MemoryDisk disk = new MemoryDisk();
            WalStory story = Stores.story(disk.root(), 7, 3);
            disk.fault(fault.at(at, new int[1]));
            TidalException said = tell(story);
            runs++;
            failed += said == null ? 0 : 1;
            for (Loss loss : List.of(Loss.EVERYTHING, Loss.NOTHING, Loss.of(new Random(at)))) {
                assertThat(story.broken(disk.afterCut(loss).root(), true))
                        .as("%s at call %d, %s; the store said %s", fault, at, loss, said)
                        .isNull();
            }
        }
        System.out.println("faults: " + fault + " runs=" + runs + " failed=" + failed + " broken=0");
        if (fault == Fault.SYNC_ERROR) {
            assertThat(failed).as("what must not be overlooked").isPositive();
        }
    }

    private static DiskFault reads(Outcome outcome, int at, int[] seen) {
        return call -> call.kind() == Kind.READ && ++seen[0] == at ? outcome : Outcome.DONE;
    }

    @ParameterizedTest
    @EnumSource(names = {"FLIPPED", "MISDIRECTED"})
    @DisplayName(
            "R-10: a wrong bit or a wrong block that is read is refused, never answered, and nothing is lost by it")
    void anyReadCanBeWrong(Outcome outcome) {
        for (boolean clean : new boolean[] {false, true}) {
            MemoryDisk before = new MemoryDisk();
            WalStory story = Stores.story(before.root(), 11, 3);
            story.tell(STEPS);
            if (clean) {
                story.close();
            } else {
                story.abandon();
            }
            int[] all = new int[1];
            MemoryDisk working = before.afterCut(Loss.NOTHING);
            working.fault(reads(Outcome.DONE, Integer.MAX_VALUE, all));
            assertThat(story.broken(working.root(), false)).isNull();
            int refused = 0;
            for (int at = 1; at <= all[0]; at++) {
                MemoryDisk disk = before.afterCut(Loss.NOTHING);
                DiskCall[] wrong = new DiskCall[1];
                DiskFault fault = reads(outcome, at, new int[1]);
                disk.fault(call -> {
                    Outcome decided = fault.on(call);
                    wrong[0] = decided == Outcome.DONE ? wrong[0] : call;
                    return decided;
                });
                String problem = story.broken(disk.root(), false);
                refused += problem == null ? 0 : 1;
                assertRefused(problem, outcome + " " + wrong[0]);
                disk.fault(call -> Outcome.DONE);
                assertRefused(story.broken(disk.root(), false), "after " + outcome + " " + wrong[0] + ", " + problem);
            }
            System.out.println("faults: " + outcome + (clean ? " closed" : " killed") + " reads=" + all[0] + " refused="
                    + refused);
            assertThat(refused).isPositive();
        }
    }

    private static void assertRefused(@Nullable String problem, String story) {
        if (problem != null) {
            assertThat(problem).as(story).containsAnyOf("is quarantined", WalStory.REFUSED);
        }
    }

    @Test
    @DisplayName("a store that trusted what it reads would be found out")
    void wrongReadsReachTheReader() {
        MemoryDisk disk = new MemoryDisk();
        WalStory story = Stores.story(disk.root(), 11, 3);
        story.tell(STEPS);
        story.abandon();
        assertThat(story.broken(disk.afterCut(Loss.NOTHING).root(), false)).isNull();
        WalStory other = Stores.story(disk.root(), 12, 3);
        assertThat(other.broken(disk.afterCut(Loss.NOTHING).root(), false))
                .as("what another story wrote")
                .isNotNull();
    }
}
