package io.tidaldb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlSnapshot;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a {@link ControlLog} of three members promises, besides what it promises to a single one. */
public abstract class ControlLogGroupContract extends ControlLogContract {

    /** The members of the group. */
    protected static final List<NodeId> MEMBERS = List.of(NodeId.of("n0"), NodeId.of("n1"), NodeId.of("n2"));

    /** One that is a member only once they have agreed on it. */
    protected static final NodeId NEWCOMER = NodeId.of("n3");

    private static final Duration POLL = Duration.ofMillis(5);

    private final ControlNetworks networks = new ControlNetworks();
    private final Map<NodeId, ControlLog> logs = new TreeMap<>();
    private final Map<NodeId, Recorder> seen = new TreeMap<>();

    /** Who is to have received everything. */
    private final List<NodeId> members = new ArrayList<>(MEMBERS);

    /** What was acknowledged: commands by index. */
    private final Map<Long, String> acknowledged = new TreeMap<>();

    /** What failed so that it will never be agreed. */
    private final List<String> refused = new ArrayList<>();

    /** Creates the suite. */
    protected ControlLogGroupContract() {}

    /** Returns what a member is opened with; its directory is its own. */
    protected ControlLogContext context(Path directory, NodeId member) {
        return new ControlLogContext(directory, member, MEMBERS, "contract", networks.of(member));
    }

    /** Cuts a member off from the others. */
    protected void isolate(NodeId member) {
        networks.isolate(member);
    }

    /** Lets all members reach each other again. */
    protected void heal() {
        networks.heal();
    }

    /** Waits for a condition; where time is simulated, by running what is due. */
    protected void awaitUntil(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(PATIENCE_SECONDS).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time until a condition came true").isLessThan(deadline);
            Thread.sleep(POLL.toMillis());
        }
    }

    @AfterEach
    void closeGroup() {
        logs.values().forEach(ControlLog::close);
        networks.close();
    }

    @Test
    void everyMemberReceivesTheSameInTheSameOrder() throws Exception {
        openGroup();
        Map<String, CompletionStage<Long>> stages = new LinkedHashMap<>();
        for (int i = 0; i < 20; i++) {
            for (NodeId member : MEMBERS) {
                String command = member + "." + i;
                stages.put(command, log(member).propose(bytes(command)));
            }
        }
        for (Map.Entry<String, CompletionStage<Long>> each : stages.entrySet()) {
            acknowledged.put(await(each.getValue()), each.getKey());
        }
        assertThat(acknowledged.keySet()).hasSize(60);
        checkAll();
        assertThat(seen(MEMBERS.get(0))).hasSize(60);
    }

    @Test
    void whoeverProposesHasReceivedTheEntryAndARead() throws Exception {
        openGroup();
        NodeId leader = awaitLeader(MEMBERS);
        for (NodeId member : MEMBERS) {
            long index = propose(member, "by " + member);
            assertThat(seen(member)).as("at %s, led by %s", member, leader).endsWith(index + ":by " + member);
        }
        for (NodeId member : MEMBERS) {
            assertThat(await(log(member).read())).isEqualTo(3);
            assertThat(seen(member)).hasSize(3);
            assertThat(log(member).members()).isEqualTo(MEMBERS);
        }
    }

    @Test
    void proposalsInARowAtAnyMemberKeepTheirOrder() throws Exception {
        openGroup();
        for (int i = 1; i <= 12; i++) {
            assertThat(propose(MEMBERS.get(i % 3), "c" + i)).isEqualTo(i);
        }
        checkAll();
    }

    @Test
    void largestCommandReachesEveryMember() throws Exception {
        openGroup();
        byte[] command = new byte[ControlLog.MAX_COMMAND_BYTES];
        command[0] = 1;
        command[command.length - 1] = 7;
        for (NodeId member : MEMBERS) {
            await(log(member).propose(command));
        }
        for (NodeId member : MEMBERS) {
            await(log(member).read());
            assertThat(Objects.requireNonNull(seen.get(member)).commands).containsExactly(command, command, command);
        }
    }

    @Test
    void othersGoOnWithoutTheLeaderAndNothingAcknowledgedIsLost() throws Exception {
        openGroup();
        proposeAndAwaitEverywhere("before");
        NodeId leader = awaitLeader(MEMBERS);
        List<NodeId> others = without(leader);
        for (int i = 0; i < 10; i++) {
            propose(others.get(i % 2), "with " + i);
        }
        stop(leader);
        for (int i = 0; i < 10; i++) {
            propose(others.get(i % 2), "without " + i);
        }
        assertThat(awaitLeader(others)).isNotEqualTo(leader);
        start(leader);
        propose(leader, "again");
        checkAll();
    }

    @Test
    void memberThatWasAwayCatchesUpFromTheLog() throws Exception {
        openGroup();
        propose(MEMBERS.get(0), "before");
        NodeId away = without(awaitLeader(MEMBERS)).get(0);
        stop(away);
        for (int i = 0; i < 20; i++) {
            propose(without(away).get(i % 2), "without " + i);
        }
        start(away);
        assertThat(await(log(away).read())).isEqualTo(21);
        checkAll();
    }

    @Test
    void memberThatWasAwayCatchesUpFromASnapshot() throws Exception {
        openGroup();
        propose(MEMBERS.get(0), "before");
        NodeId away = without(awaitLeader(MEMBERS)).get(0);
        stop(away);
        List<NodeId> others = without(away);
        String large = "x".repeat(200_000);
        for (int i = 0; i < 30; i++) {
            propose(others.get(i % 2), i + large);
        }
        for (NodeId member : others) {
            await(log(member).read());
            log(member).compact(new ControlSnapshot(31, state("31", 700_000)));
        }
        propose(others.get(0), "after");
        start(away);
        assertThat(await(log(away).read())).isEqualTo(32);
        assertThat(seen(away)).anyMatch(event -> event.startsWith("31="));
        checkAll();
        propose(away, "back");
        checkAll();
        stop(away);
        start(away);
        await(log(away).read());
        checkAll();
    }

    @Test
    void everyMemberMayBeOpenedAgainAfterAllWereClosed() throws Exception {
        openGroup();
        for (int i = 0; i < 10; i++) {
            propose(MEMBERS.get(i % 3), "c" + i);
        }
        await(log(MEMBERS.get(1)).read());
        log(MEMBERS.get(1)).compact(new ControlSnapshot(10, bytes("ten")));
        for (int i = 0; i < 5; i++) {
            propose(MEMBERS.get(i % 3), "d" + i);
        }
        for (NodeId member : MEMBERS) {
            stop(member);
        }
        for (NodeId member : MEMBERS) {
            start(member);
        }
        for (NodeId member : MEMBERS) {
            assertThat(await(log(member).read())).isEqualTo(15);
        }
        checkAll();
        assertThat(propose(MEMBERS.get(2), "e")).isEqualTo(16);
        checkAll();
    }

    @Test
    void leaderThatIsCutOffAgreesOnNothing() throws Exception {
        openGroup();
        proposeAndAwaitEverywhere("before");
        NodeId leader = awaitLeader(MEMBERS);
        isolate(leader);
        CompletionStage<Long> alone = log(leader).propose(bytes("alone"));
        List<NodeId> others = without(leader);
        for (int i = 0; i < 5; i++) {
            propose(others.get(i % 2), "without " + i);
        }
        expectFailure("alone", alone);
        assertThat(seen(leader)).hasSize(1);
        heal();
        propose(leader, "again");
        checkAll();
    }

    @Test
    void withoutAMajorityNothingIsAgreed() throws Exception {
        openGroup();
        proposeAndAwaitEverywhere("before");
        for (NodeId member : MEMBERS) {
            isolate(member);
        }
        Map<String, CompletionStage<Long>> stages = new LinkedHashMap<>();
        for (NodeId member : MEMBERS) {
            stages.put("alone " + member, log(member).propose(bytes("alone " + member)));
        }
        for (Map.Entry<String, CompletionStage<Long>> each : stages.entrySet()) {
            expectFailure(each.getKey(), each.getValue());
        }
        for (NodeId member : MEMBERS) {
            assertThat(seen(member)).hasSize(1);
            awaitUntil(() -> log(member).leader().isEmpty());
        }
        heal();
        for (NodeId member : MEMBERS) {
            propose(member, "again " + member);
        }
        checkAll();
    }

    @Test
    void memberThatIsCutOffHoldsSoManyCallsRefusesTheOthersAndGoesOn() throws Exception {
        openGroup();
        proposeAndAwaitEverywhere("before");
        NodeId alone = without(awaitLeader(MEMBERS)).get(0);
        isolate(alone);
        List<CompletionStage<Long>> held = untilRefused(i -> {
            refused.add("held " + i);
            return log(alone).propose(bytes("held " + i));
        });
        List<CompletionStage<Long>> reads = untilRefused(i -> log(alone).read());
        refused.subList(0, held.size()).clear();
        heal();
        for (int i = 0; i < held.size(); i++) {
            try {
                acknowledged.put(await(held.get(i)), "held " + i);
            } catch (ExecutionException e) {
                expectFailure("held " + i, held.get(i));
            }
        }
        for (CompletionStage<Long> read : reads) {
            try {
                assertThat(await(read)).isPositive();
            } catch (ExecutionException e) {
                assertThat(failure(read).outcome()).isEqualTo(Outcome.NOT_APPLIED);
            }
        }
        propose(alone, "again");
        checkAll();
    }

    @Test
    void memberThatJoinsReceivesEverythingAndVotes() throws Exception {
        openGroup();
        for (int i = 0; i < 10; i++) {
            propose(MEMBERS.get(i % 3), "before " + i);
        }
        NodeId leader = awaitLeader(MEMBERS);
        start(NEWCOMER);
        change(List.of(MEMBERS.get(0), MEMBERS.get(1), MEMBERS.get(2), NEWCOMER), List.of());
        propose(NEWCOMER, "by the newcomer");
        checkAll();
        stop(leader);
        propose(NEWCOMER, "without " + leader);
        stop(NEWCOMER);
        start(NEWCOMER);
        propose(NEWCOMER, "again");
        start(leader);
        await(log(leader).read());
        checkAll();
        assertThat(log(leader).members()).hasSize(4).contains(NEWCOMER);
    }

    @Test
    void followerReceivesEverythingAndDoesNotVote() throws Exception {
        openGroup();
        propose(MEMBERS.get(0), "before");
        start(NEWCOMER);
        change(MEMBERS, List.of(NEWCOMER));
        for (int i = 0; i < 5; i++) {
            propose(MEMBERS.get(i % 3), "after " + i);
        }
        assertThat(await(log(NEWCOMER).read())).isEqualTo(6);
        propose(NEWCOMER, "by the follower");
        checkAll();
        awaitUntil(() -> log(NEWCOMER).followers().equals(List.of(NEWCOMER)));
        assertThat(log(NEWCOMER).members()).isEqualTo(MEMBERS);
        stop(NEWCOMER);
        start(NEWCOMER);
        propose(NEWCOMER, "again");
        // Half of all, and no majority of those that vote.
        NodeId left = awaitLeader(MEMBERS);
        without(left).forEach(this::stop);
        expectFailure("alone", log(left).propose(bytes("alone")));
        without(left).forEach(this::start);
        propose(left, "together");
        checkAll();
    }

    @Test
    void memberThatIsGoneForGoodIsReplaced() throws Exception {
        openGroup();
        for (int i = 0; i < 5; i++) {
            propose(MEMBERS.get(i % 3), "before " + i);
        }
        NodeId gone = without(awaitLeader(MEMBERS)).get(0);
        stop(gone);
        members.remove(gone);
        for (NodeId member : without(gone)) {
            await(log(member).read());
            log(member).compact(new ControlSnapshot(5, bytes("five")));
        }
        propose(without(gone).get(0), "behind the snapshot");
        start(NEWCOMER);
        List<NodeId> left = without(gone);
        change(List.of(left.get(0), left.get(1), NEWCOMER), List.of());
        propose(NEWCOMER, "after");
        checkAll();
        // The newcomer makes a majority with either of them.
        stop(left.get(0));
        propose(NEWCOMER, "with the newcomer's vote");
        start(left.get(0));
        stop(left.get(1));
        propose(NEWCOMER, "with the newcomer's vote again");
        start(left.get(1));
        checkAll();
        // One that was left out and comes back has nothing agreed, and nobody goes with it.
        start(gone);
        expectFailure("by one that was left out", log(gone).propose(bytes("by one that was left out")));
        propose(NEWCOMER, "undisturbed");
        checkAll();
    }

    @Test
    void leaderMayBeLeftOut() throws Exception {
        openGroup();
        proposeAndAwaitEverywhere("before");
        NodeId leader = awaitLeader(MEMBERS);
        List<NodeId> left = without(leader);
        change(left, List.of());
        members.remove(leader);
        awaitUntil(() ->
                left.contains(leader(left.get(0))) && log(left.get(0)).members().equals(left));
        propose(left.get(0), "without it");
        propose(left.get(1), "without it again");
        checkAll();
        for (NodeId member : left) {
            stop(member);
        }
        for (NodeId member : left) {
            start(member);
        }
        propose(left.get(0), "after a restart");
        checkAll();
        assertThat(log(left.get(0)).members()).isEqualTo(left);
    }

    @Test
    void membersAreNotChangedWithoutTheLeaderAMajorityOrTheNewcomer() throws Exception {
        openGroup();
        proposeAndAwaitEverywhere("before");
        NodeId leader = awaitLeader(MEMBERS);
        List<NodeId> wanted = List.of(leader, NEWCOMER);
        assertThat(failure(log(without(leader).get(0)).changeMembers(wanted, List.of()))
                        .code())
                .isEqualTo(ErrorCode.NOT_OWNER);
        assertThat(failure(log(leader)
                                .changeMembers(
                                        List.of(MEMBERS.get(0), MEMBERS.get(1), MEMBERS.get(2), NEWCOMER), List.of()))
                        .code())
                .isEqualTo(ErrorCode.NOT_CAUGHT_UP);
        propose(leader, "as before");
        assertThat(log(leader).members()).isEqualTo(MEMBERS);
        assertThatThrownBy(() -> log(leader).changeMembers(List.of(), List.of()))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
        without(awaitLeader(MEMBERS)).forEach(this::isolate);
        TidalException cut =
                failure(log(leader).changeMembers(without(without(leader).get(0)), List.of()));
        assertThat(cut.outcome()).isNotEqualTo(Outcome.FATAL);
        heal();
        propose(without(leader).get(0), "again");
        checkAll();
    }

    private void change(List<NodeId> voters, List<NodeId> followers) throws Exception {
        for (int attempt = 1; ; attempt++) {
            NodeId leader = awaitLeader(members);
            try {
                await(log(leader).changeMembers(voters, followers));
                break;
            } catch (ExecutionException e) {
                assertThat(attempt).as("attempts: %s", e.getCause()).isLessThan(10);
            }
        }
        for (NodeId each : voters) {
            if (!members.contains(each)) {
                members.add(each);
            }
        }
        for (NodeId each : followers) {
            members.add(each);
        }
    }

    private TidalException failure(CompletionStage<?> stage) {
        Throwable thrown = catchThrowable(() -> await(stage));
        assertThat(thrown).isInstanceOf(ExecutionException.class).hasCauseInstanceOf(TidalException.class);
        return (TidalException) Objects.requireNonNull(thrown.getCause());
    }

    private void openGroup() throws InterruptedException {
        for (NodeId member : MEMBERS) {
            start(member);
        }
        awaitUntil(() -> leader(MEMBERS.get(0)) != null);
    }

    /** A member that has not heard of it before it is cut off could not tell it from what comes later. */
    private void proposeAndAwaitEverywhere(String text) throws Exception {
        propose(MEMBERS.get(0), text);
        for (NodeId member : MEMBERS) {
            awaitUntil(() -> seen(member).size() == 1);
        }
    }

    private void start(NodeId member) {
        Recorder recorder = new Recorder();
        ControlLog log = factory().create(context(temporary.resolve("group-" + member), member));
        logs.put(member, log);
        seen.put(member, recorder);
        log.watch(recorder);
    }

    private void stop(NodeId member) {
        networks.stop(member);
        log(member).close();
    }

    private ControlLog log(NodeId member) {
        return Objects.requireNonNull(logs.get(member));
    }

    private List<String> seen(NodeId member) {
        return Objects.requireNonNull(seen.get(member)).events;
    }

    private @Nullable NodeId leader(NodeId member) {
        return log(member).leader().orElse(null);
    }

    /** Returns whom all of these take for the leader. */
    private NodeId awaitLeader(List<NodeId> members) throws InterruptedException {
        awaitUntil(() -> members.contains(leader(members.get(0)))
                && members.stream().map(this::leader).distinct().count() == 1);
        return Objects.requireNonNull(leader(members.get(0)));
    }

    private static List<NodeId> without(NodeId member) {
        return MEMBERS.stream().filter(other -> !other.equals(member)).toList();
    }

    private long propose(NodeId member, String command) throws Exception {
        long index = await(log(member).propose(bytes(command)));
        assertThat(acknowledged.put(index, command)).isNull();
        return index;
    }

    /** What a member can't get agreed fails, and says whether it may come to be agreed. */
    private void expectFailure(String command, CompletionStage<Long> stage) {
        Throwable thrown = catchThrowable(() -> await(stage));
        if (thrown instanceof ExecutionException && thrown.getCause() instanceof TidalException failure) {
            assertThat(failure.outcome()).isNotEqualTo(Outcome.FATAL);
            if (failure.outcome() == Outcome.NOT_APPLIED) {
                refused.add(command);
            }
        } else {
            throw new AssertionError("expected a failure with a code, found " + thrown, thrown);
        }
    }

    /** Every member has received what was acknowledged, where it was said to be, and nothing twice or that was refused. */
    private void checkAll() throws Exception {
        Map<Long, String> agreed = new TreeMap<>();
        for (NodeId member : members) {
            await(log(member).read());
            long next = 1;
            for (String event : seen(member)) {
                int equals = event.indexOf('=');
                int colon = event.indexOf(':');
                if (colon < 0 || equals >= 0 && equals < colon) {
                    next = Long.parseLong(event.substring(0, equals)) + 1;
                    continue;
                }
                assertThat(Long.parseLong(event.substring(0, colon)))
                        .as("at %s", member)
                        .isEqualTo(next++);
                String before = agreed.put(next - 1, event.substring(colon + 1));
                assertThat(before == null || before.equals(event.substring(colon + 1)))
                        .as("%s is the same on every member", event)
                        .isTrue();
            }
            assertThat(next).as("next at %s", member).isGreaterThan(lastAcknowledged());
        }
        acknowledged.forEach((index, command) -> assertThat(agreed.getOrDefault(index, command))
                .as("entry %s", index)
                .isEqualTo(command));
        assertThat(agreed.values()).doesNotHaveDuplicates();
        assertThat(refused).doesNotContainAnyElementsOf(agreed.values());
    }

    private long lastAcknowledged() {
        return acknowledged.keySet().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    private static byte[] state(String text, int size) {
        return bytes(text + "-".repeat(size));
    }
}
