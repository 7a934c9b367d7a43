package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlSnapshot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Agreeing with lost leaders, lost answers and members that lag")
class ControlSimulation {

    private static final List<NodeId> MEMBERS = List.of(NodeId.of("n0"), NodeId.of("n1"), NodeId.of("n2"));

    @Test
    @DisplayName("every member ends with the same, and with what was acknowledged where it was said to be")
    void everyMemberEndsWithTheSame() {
        Seeds.run(ControlSimulation.class, ControlSimulation::endsWithTheSame);
    }

    private static void endsWithTheSame(long seed, Trace trace) {
        Run run = new Run(seed, trace);
        run.run();
        assertThat(run.acknowledged).isNotEmpty();
        String expected = Objects.requireNonNull(run.states.get(MEMBERS.get(0)));
        for (NodeId member : MEMBERS) {
            assertThat(run.states.get(member)).as("state of %s", member).isEqualTo(expected);
        }
        List<String> commands = List.of(expected.split(",", -1));
        run.acknowledged.forEach((index, command) ->
                assertThat(commands.get(index.intValue())).as("entry %s", index).isEqualTo(command));
        run.refused.forEach(command -> assertThat(commands).doesNotContain(command));
        assertThat(commands).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName("among the runs there are unknown outcomes of both kinds, and snapshots")
    void faultsHappen() {
        long agreedAllTheSame = 0;
        long neverAgreed = 0;
        long snapshots = 0;
        for (long seed = 1; seed <= 12; seed++) {
            Run run = new Run(seed, Trace.off());
            run.run();
            List<String> commands = List.of(
                    Objects.requireNonNull(run.states.get(MEMBERS.get(0))).split(",", -1));
            agreedAllTheSame += run.unknown.stream().filter(commands::contains).count();
            neverAgreed += run.unknown.stream()
                    .filter(command -> !commands.contains(command))
                    .count();
            snapshots += run.snapshots;
        }
        assertThat(agreedAllTheSame).isPositive();
        assertThat(neverAgreed).isPositive();
        assertThat(snapshots).isPositive();
    }

    @Test
    @DisplayName("the same seed leads to the same run")
    void sameSeedSameRun() {
        Run one = new Run(5, Trace.off());
        Run other = new Run(5, Trace.off());
        one.run();
        other.run();
        assertThat(one.states).isEqualTo(other.states);
        assertThat(one.unknown).isEqualTo(other.unknown);
    }

    /** A group of three to which things happen for a while, and then nothing more. */
    private static final class Run {

        final SimulatedWorld world;
        final SimulatedControl control;
        final SimulatedRandom random;
        final SortedMap<NodeId, ControlLog> logs = new TreeMap<>();
        /** What each listener made of it: all commands so far, after a comma each. */
        final SortedMap<NodeId, String> states = new TreeMap<>();

        final SortedMap<Long, String> acknowledged = new TreeMap<>();
        final List<String> refused = new ArrayList<>();
        final List<String> unknown = new ArrayList<>();
        long snapshots;
        long proposed;

        Run(long seed, Trace trace) {
            world = new SimulatedWorld(seed, trace);
            control = new SimulatedControl(world);
            random = world.random("scenario");
        }

        void run() {
            control.faults(ControlFaults.MANY);
            MEMBERS.forEach(this::open);
            for (int i = 0; i < 300; i++) {
                happens(MEMBERS.get((int) random.below(3)));
                world.runFor(Duration.ofMillis(random.below(400)));
            }
            control.faults(ControlFaults.NONE);
            control.heal();
            MEMBERS.stream().filter(member -> !logs.containsKey(member)).forEach(this::open);
            world.runFor(Duration.ofMinutes(1));
            for (NodeId member : MEMBERS) {
                world.await(log(member).read(), Duration.ofMinutes(1));
            }
        }

        private void happens(NodeId member) {
            ControlLog log = logs.get(member);
            switch ((int) random.below(20)) {
                case 0 -> control.isolate(member);
                case 1, 2 -> control.heal();
                case 3 -> control.loseLeader();
                case 4 -> {
                    if (log != null) {
                        log.close();
                        logs.remove(member);
                    }
                }
                case 5, 6 ->
                    MEMBERS.stream().filter(each -> !logs.containsKey(each)).forEach(this::open);
                case 7 -> {
                    String state = states.getOrDefault(member, "");
                    long index = state.chars().filter(each -> each == ',').count();
                    if (log != null && index > 0) {
                        log.compact(new ControlSnapshot(index, state.getBytes(StandardCharsets.UTF_8)));
                    }
                }
                default -> {
                    if (log != null) {
                        propose(log, "c" + ++proposed);
                    }
                }
            }
        }

        private void propose(ControlLog log, String command) {
            var unused = log.propose(command.getBytes(StandardCharsets.UTF_8)).whenComplete((index, thrown) -> {
                if (thrown == null) {
                    acknowledged.put(index, command);
                } else if (((TidalException) thrown).outcome() == Outcome.NOT_APPLIED) {
                    refused.add(command);
                } else {
                    unknown.add(command);
                }
            });
        }

        private ControlLog log(NodeId member) {
            return Objects.requireNonNull(logs.get(member));
        }

        private void open(NodeId member) {
            ControlLog log = control.logs().create(new ControlLogContext(Path.of("unused"), member, MEMBERS));
            logs.put(member, log);
            states.put(member, "");
            log.watch(new ControlListener() {
                @Override
                public void snapshot(ControlSnapshot snapshot) {
                    snapshots++;
                    states.put(member, new String(snapshot.state(), StandardCharsets.UTF_8));
                }

                @Override
                public void committed(ControlEntry entry) {
                    states.merge(member, "," + new String(entry.command(), StandardCharsets.UTF_8), String::concat);
                }
            });
        }
    }
}
