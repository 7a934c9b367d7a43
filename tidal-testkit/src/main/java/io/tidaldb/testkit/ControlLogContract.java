package io.tidaldb.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.api.control.ControlSnapshot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What every {@link ControlLog} promises, as seen on one node that is its only member. One that serves several members extends
 * {@link ControlLogGroupContract}.
 */
public abstract class ControlLogContract {

    static final long PATIENCE_SECONDS = 30;

    /** A log that holds more calls than these is taken for one that holds any number. */
    private static final int MOST_WAITING = 100_000;

    private static final NodeId NODE = NodeId.of("n0");

    @TempDir
    Path temporary;

    private final List<ControlLog> opened = new ArrayList<>();
    private int copies;

    /** Creates the suite. */
    @SuppressWarnings("NullAway.Init") // JUnit fills the temporary directory in
    protected ControlLogContract() {}

    /** Returns the factory under test. */
    protected abstract ControlLogFactory factory();

    /** Returns whether the log keeps nothing if it is given no directory; otherwise it must refuse to be opened without one. */
    protected boolean worksWithoutDirectory() {
        return true;
    }

    /** Waits for a stage; where time is simulated, by running what is due. */
    protected <T> T await(CompletionStage<T> stage) throws InterruptedException, ExecutionException, TimeoutException {
        return stage.toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @AfterEach
    void closeLogs() {
        opened.forEach(ControlLog::close);
    }

    @Test
    void factoryHasAProperNameAndStatesItsVersions() {
        assertThat(factory().name()).matches("[a-z0-9-]{1,32}");
        assertThat(factory().spiVersion()).isEqualTo(Spi.VERSION);
        assertThat(factory().version()).isNotBlank();
    }

    @Test
    void newLogReplaysNothing() throws Exception {
        Recorder seen = new Recorder();
        ControlLog log = open(home(), seen);
        assertThat(seen.events).isEmpty();
        assertThat(log.members()).containsExactly(NODE);
        assertThat(await(log.read())).isZero();
    }

    @Test
    void proposalsAreCommittedInOrderFromIndexOne() throws Exception {
        Recorder seen = new Recorder();
        ControlLog log = open(home(), seen);
        for (int i = 1; i <= 10; i++) {
            assertThat(await(log.propose(bytes("c" + i)))).isEqualTo(i);
            assertThat(seen.last()).isEqualTo(i + ":c" + i);
        }
        assertThat(seen.events).hasSize(10);
    }

    @Test
    void stageCompletesAfterTheListenerHasReceivedTheEntry() throws Exception {
        Recorder seen = new Recorder();
        ControlLog log = open(home(), seen);
        CompletionStage<Boolean> received =
                log.propose(bytes("x")).thenApply(index -> seen.events.contains(index + ":x"));
        assertThat(await(received)).isTrue();
    }

    @Test
    void keepsTheBytesAsTheyWereProposed() throws Exception {
        Recorder seen = new Recorder();
        ControlLog log = open(home(), seen);
        byte[] command = bytes("before");
        CompletionStage<Long> stage = log.propose(command);
        await(stage);
        command[0] = 'X';
        Path home = home();
        Recorder again = new Recorder();
        ControlLog other = open(home, again);
        byte[] largest = new byte[ControlLog.MAX_COMMAND_BYTES];
        largest[largest.length - 1] = 7;
        await(other.propose(largest));
        other.close();
        Recorder replayed = new Recorder();
        open(home, replayed);
        assertThat(seen.events).containsExactly("1:before");
        assertThat(replayed.commands).containsExactly(largest);
    }

    @Test
    void replaysEverythingBeforeWatchReturnsAfterReopen() throws Exception {
        Path home = home();
        List<String> expected = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            Recorder seen = new Recorder();
            ControlLog log = open(home, seen);
            assertThat(seen.events).isEqualTo(expected);
            for (int i = 0; i < 20; i++) {
                long index = await(log.propose(bytes("r" + round + "." + i)));
                expected.add(index + ":r" + round + "." + i);
            }
            assertThat(seen.events).isEqualTo(expected);
            log.close();
        }
    }

    @Test
    void committedEntriesSurviveACrash() throws Exception {
        Path home = home();
        ControlLog log = open(home, new Recorder());
        await(log.propose(bytes("a")));
        await(log.propose(bytes("b")));
        Path crashed = DirectoryCopy.copy(home, temporary.resolve("crashed-" + copies++));
        Recorder seen = new Recorder();
        ControlLog survivor = open(crashed, seen);
        assertThat(seen.events).containsExactly("1:a", "2:b");
        assertThat(await(survivor.propose(bytes("c")))).isEqualTo(3);
    }

    @Test
    void directoryThatHasLessThanItIsKnownToHaveHadIsRefused() throws Exception {
        Path home = home();
        ControlLog log = open(home, new Recorder());
        await(log.propose(bytes("a")));
        log.close();
        Path older = DirectoryCopy.copy(home, temporary.resolve("older-" + copies++));
        log = open(home, new Recorder());
        ControlPosition before = log.position();
        await(log.propose(bytes("b")));
        ControlPosition reached = log.position();
        log.close();
        assertThat(reached.reaches(before)).isTrue();
        assertThat(before.reaches(reached)).isFalse();
        Failures.assertCode(ErrorCode.DIRECTORY_MISMATCH, () -> open(older, reached));
        Failures.assertCode(ErrorCode.DIRECTORY_MISMATCH, () -> open(home(), reached));
        Recorder seen = new Recorder();
        open(home, reached).watch(seen);
        assertThat(seen.events).containsExactly("1:a", "2:b");
        // Whoever was refused has let go of it.
        open(older, new Recorder());
    }

    private ControlLog open(Path directory, ControlPosition reached) {
        ControlLog log = factory().create(new ControlLogContext(directory, NODE, List.of(NODE), "", null, reached));
        opened.add(log);
        return log;
    }

    @Test
    void replaysTheNewestSnapshotAndTheEntriesAfterIt() throws Exception {
        Path home = home();
        ControlLog log = open(home, new Recorder());
        for (String command : List.of("a", "b", "c", "d")) {
            await(log.propose(bytes(command)));
        }
        log.compact(new ControlSnapshot(2, bytes("ab")));
        await(log.propose(bytes("e")));
        log.compact(new ControlSnapshot(3, bytes("abc")));
        await(log.propose(bytes("f")));
        Path crashed = DirectoryCopy.copy(home, temporary.resolve("crashed-" + copies++));
        log.close();
        for (Path directory : List.of(home, crashed)) {
            Recorder seen = new Recorder();
            ControlLog again = open(directory, seen);
            assertThat(seen.events).containsExactly("3=abc", "4:d", "5:e", "6:f");
            assertThat(await(again.propose(bytes("g")))).isEqualTo(7);
            again.compact(new ControlSnapshot(7, bytes("abcdefg")));
            again.close();
            Recorder last = new Recorder();
            ControlLog empty = open(directory, last);
            assertThat(last.events).containsExactly("7=abcdefg");
            assertThat(await(empty.read())).isEqualTo(7);
            assertThat(await(empty.propose(bytes("h")))).isEqualTo(8);
        }
    }

    @Test
    void snapshotOfWhatTheListenerHasNotReceivedIsRefused() throws Exception {
        ControlLog log = open(home(), new Recorder());
        await(log.propose(bytes("a")));
        Failures.assertCode(ErrorCode.INVALID_ARGUMENT, () -> log.compact(new ControlSnapshot(2, bytes("x"))));
    }

    @Test
    void readReachesWhatWasCommittedBefore() throws Exception {
        Recorder seen = new Recorder();
        ControlLog log = open(home(), seen);
        List<CompletionStage<Long>> stages = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            stages.add(log.propose(bytes("c" + i)));
        }
        for (CompletionStage<Long> stage : stages) {
            await(stage);
        }
        assertThat(await(log.read())).isEqualTo(50);
        assertThat(seen.events).hasSize(50);
    }

    @Test
    void emptyOrTooLargeCommandIsRefused() throws Exception {
        Recorder seen = new Recorder();
        ControlLog log = open(home(), seen);
        Failures.assertCode(ErrorCode.INVALID_ARGUMENT, () -> log.propose(new byte[0]));
        Failures.assertCode(ErrorCode.INVALID_ARGUMENT, () -> log.propose(new byte[ControlLog.MAX_COMMAND_BYTES + 1]));
        assertThat(await(log.propose(new byte[ControlLog.MAX_COMMAND_BYTES]))).isEqualTo(1);
        assertThat(seen.events).hasSize(1);
    }

    @Test
    void closedLogRefusesProposals() {
        ControlLog log = open(home(), new Recorder());
        log.close();
        log.close();
        Failures.assertCode(ErrorCode.CLOSED, () -> log.propose(bytes("x")));
    }

    @Test
    void listenerMayPropose() throws Exception {
        Path home = home();
        ControlLog log = factory().create(new ControlLogContext(home, NODE, List.of(NODE)));
        opened.add(log);
        Recorder seen = new Recorder() {
            @Override
            public void committed(ControlEntry entry) {
                super.committed(entry);
                if (entry.index() < 5) {
                    var unused = log.propose(bytes("after " + entry.index()));
                }
            }
        };
        log.watch(seen);
        await(log.propose(bytes("first")));
        for (long reached = 0; reached < 5; ) {
            reached = await(log.read());
        }
        assertThat(seen.events).containsExactly("1:first", "2:after 1", "3:after 2", "4:after 3", "5:after 4");
    }

    @Test
    void anyNumberOfThreadsMayProposeAndEachKeepsItsOrder() throws Exception {
        Path home = home();
        Recorder seen = new Recorder();
        ControlLog log = open(home, seen);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                int thread = t;
                running.add(threads.submit(() -> {
                    for (int i = 0; i < 25; i++) {
                        long index = await(log.propose(bytes(thread + "." + i)));
                        assertThat(seen.events).contains(index + ":" + thread + "." + i);
                    }
                    return null;
                }));
            }
            for (Future<?> thread : running) {
                thread.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(seen.events).hasSize(100);
        for (int t = 0; t < 4; t++) {
            String mine = t + ".";
            assertThat(seen.commands.stream()
                            .map(command -> new String(command, StandardCharsets.UTF_8))
                            .filter(command -> command.startsWith(mine))
                            .map(command -> Integer.valueOf(command.substring(2))))
                    .isSorted();
        }
        for (int i = 0; i < 100; i++) {
            assertThat(seen.events.get(i)).startsWith((i + 1) + ":");
        }
        log.close();
        Recorder replayed = new Recorder();
        open(home, replayed);
        assertThat(replayed.events).isEqualTo(seen.events);
    }

    @Test
    void holdsSoManyCallsRefusesTheOthersAndGoesOn() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        Recorder slow = new Recorder() {
            @Override
            public void committed(ControlEntry entry) {
                super.committed(entry);
                entered.countDown();
                try {
                    leave.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
        };
        ControlLog log = open(home(), slow);
        ExecutorService other = Executors.newSingleThreadExecutor();
        List<CompletionStage<Long>> held;
        List<CompletionStage<Long>> reads;
        try {
            Future<CompletionStage<Long>> first = other.submit(() -> log.propose(bytes("first")));
            assertThat(entered.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            held = untilRefused(i -> log.propose(bytes("held " + i)));
            reads = untilRefused(i -> log.read());
            leave.countDown();
            assertThat(await(first.get(PATIENCE_SECONDS, TimeUnit.SECONDS))).isEqualTo(1);
        } finally {
            leave.countDown();
            other.shutdown();
        }
        for (CompletionStage<Long> stage : held) {
            await(stage);
        }
        for (CompletionStage<Long> stage : reads) {
            await(stage);
        }
        assertThat(await(log.propose(bytes("last")))).isEqualTo(held.size() + 2L);
        assertThat(slow.events).hasSize(held.size() + 2);
        for (int i = 0; i < held.size(); i++) {
            assertThat(slow.events.get(i + 1)).isEqualTo((i + 2) + ":held " + i);
        }
    }

    /** Calls until one is refused because too many wait, and returns those before it. */
    static List<CompletionStage<Long>> untilRefused(IntFunction<CompletionStage<Long>> call) {
        List<CompletionStage<Long>> held = new ArrayList<>();
        while (held.size() < MOST_WAITING) {
            CompletableFuture<Long> stage = call.apply(held.size()).toCompletableFuture();
            if (stage.isCompletedExceptionally()) {
                assertThat(stage.handle((done, thrown) -> thrown).join())
                        .isInstanceOfSatisfying(
                                TidalException.class,
                                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.OVERLOADED));
                return held;
            }
            held.add(stage);
        }
        throw new AssertionError("expected that no more than " + MOST_WAITING + " calls are held");
    }

    @Test
    void withoutDirectoryNothingIsKept() throws Exception {
        if (!worksWithoutDirectory()) {
            Failures.assertCode(ErrorCode.UNSUPPORTED, () -> open(null, new Recorder()));
            return;
        }
        Recorder seen = new Recorder();
        ControlLog log = open(null, seen);
        assertThat(await(log.propose(bytes("a")))).isEqualTo(1);
        log.compact(new ControlSnapshot(1, bytes("a")));
        assertThat(await(log.propose(bytes("b")))).isEqualTo(2);
        assertThat(seen.events).containsExactly("1:a", "2:b");
        log.close();
        Recorder again = new Recorder();
        open(null, again);
        assertThat(again.events).isEmpty();
    }

    private Path home() {
        return temporary.resolve("control-" + copies++);
    }

    private ControlLog open(@Nullable Path directory, ControlListener listener) {
        ControlLog log = factory().create(new ControlLogContext(directory, NODE, List.of(NODE)));
        opened.add(log);
        log.watch(listener);
        return log;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Writes down what it receives: {@code index:command}, and {@code index=state} for snapshots. */
    static class Recorder implements ControlListener {

        final List<String> events = new CopyOnWriteArrayList<>();
        final List<byte[]> commands = new CopyOnWriteArrayList<>();

        @Override
        public void snapshot(ControlSnapshot snapshot) {
            events.add(snapshot.index() + "=" + new String(snapshot.state(), StandardCharsets.UTF_8));
        }

        @Override
        public void committed(ControlEntry entry) {
            commands.add(entry.command());
            events.add(entry.index() + ":" + new String(entry.command(), StandardCharsets.UTF_8));
        }

        String last() {
            return events.get(events.size() - 1);
        }
    }
}
