package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory.BackgroundExecutor;
import io.tidaldb.core.runtime.LoopFactory.CallbackExecutor;
import io.tidaldb.core.runtime.LoopHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A simulated machine")
class SimulatedMachineTest {

    private static final NodeId N0 = NodeId.of("n0");
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final MachineProfile EXACT = MachineProfile.DEFAULT.withTurn(Latency.of(Duration.ofMillis(1)));

    private final SimulatedWorld world = new SimulatedWorld(1, Trace.off());
    private final SimulatedMachine machine = world.machine(N0, EXACT);
    private final List<String> seen = new ArrayList<>();

    private List<String> seen() {
        List<String> all = List.copyOf(seen);
        seen.clear();
        return all;
    }

    private void see(String what) {
        seen.add(what + " at " + world.nanoTime() / 1_000_000 + " ms");
    }

    /** Works off a number of things, one in a turn. */
    private final class Work implements LoopBody {

        private int left;
        private @Nullable Runnable also;

        @Override
        public boolean runOnce() {
            if (left == 0) {
                see("idle turn");
                return false;
            }
            left--;
            see("turn");
            if (also != null) {
                also.run();
            }
            return left > 0;
        }

        @Override
        public void broken(Error error) {
            throw error;
        }

        @Override
        public boolean hasWork() {
            return left > 0;
        }
    }

    // Clocks

    @Test
    @DisplayName("clocks drift, the wall clock is skewed and jumps, the monotonic one never goes back")
    void clocks() {
        SimulatedMachine fast = world.machine(NodeId.of("fast"), EXACT.withClocks(Duration.ofSeconds(-5), 10_000));
        Clock clock = fast.clock();
        assertThat(machine.clock().wallNanos() - clock.wallNanos()).isEqualTo(5_000_000_000L);
        long wall = clock.wallNanos();
        long monotonic = clock.monotonicNanos();
        world.runFor(Duration.ofSeconds(100));
        assertThat(clock.monotonicNanos() - monotonic).isEqualTo(101_000_000_000L);
        assertThat(clock.wallNanos() - wall).isEqualTo(101_000_000_000L);
        fast.jump(Duration.ofHours(-1));
        assertThat(clock.wallNanos() - wall).isEqualTo(101_000_000_000L - 3_600_000_000_000L);
        assertThat(clock.monotonicNanos() - monotonic).isEqualTo(101_000_000_000L);
    }

    @Test
    @DisplayName("timers go by the machine's own time, never early by it and not a nanosecond late")
    void timersDrift() {
        for (int drift : new int[] {-99_999, -37, -1, 1, 123, 99_999}) {
            SimulatedMachine drifting =
                    world.machine(NodeId.of("d" + (drift + 100_000)), EXACT.withClocks(Duration.ZERO, drift));
            SimulatedRandom delays = new SimulatedRandom(drift);
            long[] latestDue = new long[1];
            for (int i = 0; i < 200; i++) {
                Scheduler scheduler = drifting.scheduler();
                long due = scheduler.nanoTime() + delays.below(10_000_000_000_000L);
                scheduler.schedule(Duration.ofNanos(due - scheduler.nanoTime()), () -> {
                    assertThat(scheduler.nanoTime()).isBetween(due, due + 1);
                    assertThat(due).isGreaterThanOrEqualTo(latestDue[0]);
                    latestDue[0] = due;
                });
                world.runFor(Duration.ofNanos(delays.below(1_000)));
            }
            world.runFor(Duration.ofHours(4));
            assertThat(latestDue[0]).isPositive();
        }
    }

    // Loops

    @Test
    @DisplayName("a wake never runs in the caller's stack, at most one turn waits, and turns go on while there is work")
    void turns() {
        Work work = new Work();
        LoopHandle loop = machine.loops().start("commit", work);
        assertThat(seen()).isEmpty();
        world.runFor(SECOND);
        assertThat(seen()).containsExactly("idle turn at 1 ms");
        work.left = 3;
        loop.wake();
        loop.wake();
        assertThat(seen()).isEmpty();
        world.runFor(SECOND);
        assertThat(seen()).containsExactly("turn at 1001 ms", "turn at 1002 ms", "turn at 1003 ms");
    }

    @Test
    @DisplayName("a loop that is closed runs nothing any more, also from within its turn")
    void closedLoop() {
        Work work = new Work();
        LoopHandle loop = machine.loops().start("commit", work);
        work.left = 5;
        work.also = loop::close;
        world.runFor(SECOND);
        assertThat(seen()).containsExactly("turn at 1 ms");
        loop.wake();
        world.runFor(SECOND);
        assertThat(seen()).isEmpty();
        LoopHandle other = machine.loops().start("other", work);
        other.close();
        world.runFor(SECOND);
        assertThat(seen()).isEmpty();
    }

    @Test
    @DisplayName("callbacks run in order as tasks of their own; closing runs those that wait, later ones run at once")
    void callbacks() {
        CallbackExecutor callbacks = machine.loops().callbacks("callbacks");
        callbacks.execute(() -> seen.add("first"));
        callbacks.execute(() -> seen.add("second"));
        assertThat(seen()).isEmpty();
        world.runFor(SECOND);
        assertThat(seen()).containsExactly("first", "second");
        callbacks.execute(() -> seen.add("before close"));
        callbacks.close();
        callbacks.execute(() -> seen.add("after close"));
        assertThat(seen()).containsExactly("before close", "after close");
        world.runFor(SECOND);
        assertThat(seen()).isEmpty();
    }

    @Test
    @DisplayName(
            "background work runs one after another, late; closing drops what has not begun, and what is too much is refused")
    void background() {
        BackgroundExecutor work = machine.loops().background("work");
        for (int i = 0; i < 64; i++) {
            int number = i;
            work.execute(() -> seen.add("work " + number));
        }
        assertThatThrownBy(() -> work.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
        assertThat(world.runUntil(() -> seen.size() == 2, SECOND)).isTrue();
        assertThat(seen()).containsExactly("work 0", "work 1");
        work.close();
        world.runFor(Duration.ofMinutes(1));
        assertThat(seen()).isEmpty();
        assertThatThrownBy(() -> work.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
    }

    // Pauses

    @Test
    @DisplayName("a paused machine runs nothing; its clock goes on, and what became due runs afterwards in order")
    void pause() {
        Work work = new Work();
        machine.loops().start("commit", work);
        work.left = 1;
        Scheduler scheduler = machine.scheduler();
        long before = scheduler.nanoTime();
        scheduler.schedule(Duration.ofMillis(200), () -> see("timer"));
        world.schedule(Duration.ofMillis(100), () -> machine.scheduler().execute(() -> see("message")));
        machine.pause(SECOND);
        machine.pause(Duration.ofMillis(300));
        world.runFor(Duration.ofMillis(999));
        assertThat(seen()).isEmpty();
        assertThat(scheduler.nanoTime() - before).isEqualTo(999_000_000);
        world.runFor(SECOND);
        assertThat(seen()).containsExactly("turn at 1000 ms", "message at 1000 ms", "timer at 1000 ms");
    }

    @Test
    @DisplayName("a machine that is paused while it catches up waits with the rest")
    void pauseAgain() {
        machine.scheduler().execute(() -> {
            see("first");
            machine.pause(SECOND);
        });
        machine.scheduler().execute(() -> see("second"));
        machine.pause(SECOND);
        world.runFor(Duration.ofSeconds(3));
        assertThat(seen()).containsExactly("first at 1000 ms", "second at 2000 ms");
    }

    // Crashes

    @Test
    @DisplayName("a crash drops everything, and what was handed out before does nothing after the restart")
    void crash() {
        List<NodeId> crashed = new ArrayList<>();
        world.onCrash(each -> crashed.add(each.id()));
        Work work = new Work();
        LoopHandle loop = machine.loops().start("commit", work);
        BackgroundExecutor background = machine.loops().background("work");
        Scheduler scheduler = machine.scheduler();
        work.left = 1;
        scheduler.schedule(Duration.ofMillis(1), () -> see("timer"));
        background.execute(() -> see("work"));
        machine.pause(Duration.ofMillis(500));
        machine.crash("as a test has asked for");
        machine.crash("twice is once");
        assertThat(crashed).containsExactly(N0);
        assertThat(machine.isRunning()).isFalse();
        assertThatThrownBy(() -> machine.call(() -> 1)).isInstanceOf(MachineCrash.class);
        machine.restart();
        loop.wake();
        scheduler.execute(() -> see("stale"));
        machine.scheduler().execute(() -> see("new"));
        world.runFor(Duration.ofMinutes(1));
        assertThat(seen()).containsExactly("new at 0 ms");
        assertThatThrownBy(machine::restart).isInstanceOf(IllegalStateException.class);
    }

    @Test
    @DisplayName("a crash lets go of what had a long time to wait")
    void crashDropsTimers() {
        Scheduler.Cancellable cancelled = machine.scheduler().schedule(Duration.ofDays(1), () -> see("never"));
        machine.scheduler().schedule(Duration.ofDays(2), () -> see("never"));
        Scheduler.Cancellable last = machine.scheduler().schedule(Duration.ofDays(3), () -> see("never"));
        cancelled.cancel();
        machine.crash("as a test has asked for");
        last.cancel();
        assertThat(world.step()).isFalse();
        assertThat(seen()).isEmpty();
    }

    @Test
    @DisplayName("a crash from within a turn unwinds out of it; whoever listens is told when that is done")
    void crashInside() {
        Work work = new Work();
        work.left = 2;
        work.also = () -> {
            try {
                throw machine.crashing("inside a turn");
            } finally {
                see("unwinds");
            }
        };
        world.onCrash(each -> {
            see("crashed");
            each.restart();
        });
        machine.loops().start("commit", work);
        machine.scheduler().schedule(Duration.ofMillis(2), () -> see("timer"));
        world.runFor(SECOND);
        assertThat(seen()).containsExactly("turn at 1 ms", "unwinds at 1 ms", "crashed at 1 ms");
        assertThat(machine.isRunning()).isTrue();
    }

    @Test
    @DisplayName("each process has randomness of its own")
    void randomness() {
        long first = machine.randomness().nextLong();
        machine.stop();
        machine.restart();
        assertThat(machine.randomness().nextLong()).isNotEqualTo(first);
        SimulatedMachine again = new SimulatedWorld(1, Trace.off()).machine(N0, EXACT);
        assertThat(again.randomness().nextLong()).isEqualTo(first);
    }

    // Waiting

    @Test
    @DisplayName("waiting runs the world until a stage is done, and says what it failed with")
    void await() {
        CompletableFuture<String> result = new CompletableFuture<>();
        machine.scheduler().schedule(SECOND, () -> result.complete("done"));
        assertThat(world.<String>await(result, SECOND)).isEqualTo("done");
        assertThat(world.nanoTime()).isEqualTo(SECOND.toNanos());
        TidalException refusal = TidalException.invalid("refused");
        assertThatThrownBy(() -> world.await(CompletableFuture.failedFuture(refusal), SECOND))
                .isSameAs(refusal);
        assertThatThrownBy(() -> world.await(new CompletableFuture<>(), SECOND))
                .isInstanceOfSatisfying(
                        TidalException.class, late -> assertThat(late.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED))
                .hasMessageContaining("nothing is left to run");
    }

    @Test
    @DisplayName("tasks of the world may wait, tasks of machines must not")
    void whoMayWait() {
        world.execute(() -> {
            world.runFor(SECOND);
            see("waited");
        });
        world.runFor(Duration.ZERO);
        assertThat(seen()).containsExactly("waited at 1000 ms");
        machine.scheduler().execute(() -> world.runUntil(() -> false, SECOND));
        assertThatThrownBy(() -> world.runFor(SECOND))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("n0");
        machine.scheduler().execute(() -> machine.call(() -> 1));
        assertThatThrownBy(() -> world.runFor(SECOND)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    @DisplayName("whoever waits on a machine that crashes meanwhile is unwound")
    void crashWhileWaiting() {
        world.schedule(Duration.ofMillis(10), () -> machine.crash("as a test has asked for"));
        assertThatThrownBy(() -> machine.call(() -> world.await(new CompletableFuture<Integer>(), SECOND)))
                .isInstanceOf(MachineCrash.class);
        assertThat(world.nanoTime()).isEqualTo(10_000_000);
    }

    @Test
    @DisplayName("whoever waits on a machine that crashes when that is done does not go on in the process that follows")
    void crashWhenDone() {
        CompletableFuture<Integer> result = new CompletableFuture<>();
        world.schedule(Duration.ofMillis(10), () -> {
            result.complete(1);
            machine.crash("as a test has asked for");
            machine.restart();
        });
        assertThatThrownBy(() -> machine.call(() -> {
                    int done = world.await(result, SECOND);
                    see("goes on");
                    return done;
                }))
                .isInstanceOf(MachineCrash.class);
        assertThat(seen()).isEmpty();
    }

    @Test
    @DisplayName("what a task throws comes out of whatever let time pass, and the rest runs on")
    void failures() {
        machine.scheduler().execute(() -> {
            throw TidalException.invalid("broken");
        });
        machine.scheduler().execute(() -> see("next"));
        assertThatThrownBy(() -> world.runFor(SECOND)).hasMessageContaining("broken");
        world.runFor(SECOND);
        assertThat(seen()).containsExactly("next at 0 ms");
    }
}
