package io.tidaldb.core.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.core.replication.ReconciliationEngine.Chains;
import io.tidaldb.core.replication.ReconciliationPlan.Adopt;
import io.tidaldb.core.replication.ReconciliationPlan.Conflict;
import io.tidaldb.core.replication.ReconciliationPlan.Fetch;
import io.tidaldb.core.replication.ReconciliationPlan.Proof;
import io.tidaldb.core.replication.ReconciliationPlan.Reconciled;
import io.tidaldb.core.replication.ReconciliationPlan.Send;
import io.tidaldb.core.replication.ReconciliationPlan.Snapshot;
import io.tidaldb.core.replication.ReconciliationPlan.Step;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-42 what makes two replicas equal")
class ReconciliationEngineTest {

    private static final SortedMap<LogId, Long> NONE_CLOSED = Collections.emptySortedMap();
    private static final LogId LOG = log(42, 3, 1, 2);

    private static LogId log(int tenant, int shard, int region, int incarnation) {
        return LogId.own(TenantId.of(tenant), new Origin(RegionId.of(region), ShardId.of(shard), incarnation));
    }

    private static long seqno(long counter) {
        return LOG.origin().startSeqno() + counter;
    }

    private static ReplicationState holds(long first, long last, long chain) {
        return ReplicationState.builder()
                .put(LOG, new LogPosition(LOG.origin(), seqno(first), seqno(last), chain))
                .build();
    }

    private static final ReplicationState NOTHING = ReplicationState.builder().build();

    @Test
    @DisplayName("R-42: the one that has more sends the range that the other one lacks")
    void ranges() {
        ReplicationState mine = holds(2, 9, 90);
        ReplicationState theirs = holds(1, 4, 40);
        Proof proof = new Proof(seqno(4), 40);
        assertThat(ReconciliationEngine.plan(mine, theirs).steps())
                .containsExactly(new Send(LOG, seqno(5), seqno(9), proof));
        assertThat(ReconciliationEngine.plan(theirs, mine).steps())
                .containsExactly(new Fetch(LOG, seqno(5), seqno(9), proof));
        assertThat(ReconciliationEngine.plan(mine, mine).isEmpty()).isTrue();
    }

    @Test
    @DisplayName("R-42: one that has nothing gets everything, and nothing is to be proved")
    void everything() {
        assertThat(ReconciliationEngine.plan(holds(1, 9, 90), NOTHING).steps())
                .containsExactly(new Send(LOG, seqno(1), seqno(9), null));
        assertThat(ReconciliationEngine.plan(holds(1, 0, 0), NOTHING).isEmpty()).isTrue();
    }

    @Test
    @DisplayName("R-42: where the beginning of what is lacking was truncated, a snapshot travels")
    void snapshots() {
        ReplicationState mine = holds(6, 9, 90);
        assertThat(ReconciliationEngine.plan(mine, holds(1, 4, 40)).steps())
                .containsExactly(new Snapshot(LOG, false, seqno(5), seqno(9), new Proof(seqno(4), 40)));
        assertThat(ReconciliationEngine.plan(holds(1, 5, 50), mine).steps())
                .containsExactly(new Fetch(LOG, seqno(6), seqno(9), new Proof(seqno(5), 50)));
        assertThat(ReconciliationEngine.plan(NOTHING, mine).steps())
                .containsExactly(new Snapshot(LOG, true, seqno(1), seqno(9), null));
        Reconciled after = ReconciliationEngine.plan(NOTHING, mine).applyTo(NOTHING, mine);
        assertThat(after.mine()).isEqualTo(holds(10, 9, 90));
    }

    @Test
    @DisplayName("F-50: the same seqno with another chain is a conflict, and nothing is shipped")
    void conflictsAtOneEnd() {
        assertThat(ReconciliationEngine.plan(holds(1, 9, 90), holds(1, 9, 91)).steps())
                .containsExactly(new Conflict(LOG, seqno(9), 90, 91));
    }

    @Test
    @DisplayName("F-50: a chain that is known settles at once whether the shorter log begins the longer one")
    void knownChains() {
        Chains known = (log, seqno) -> seqno == seqno(4) ? OptionalLong.of(40) : OptionalLong.empty();
        assertThat(ReconciliationEngine.plan(holds(1, 9, 90), holds(1, 4, 40), NONE_CLOSED, known, Chains.NONE)
                        .steps())
                .containsExactly(new Send(LOG, seqno(5), seqno(9), null));
        assertThat(ReconciliationEngine.plan(holds(1, 9, 90), holds(1, 4, 41), NONE_CLOSED, known, Chains.NONE)
                        .steps())
                .containsExactly(new Conflict(LOG, seqno(4), 40, 41));
        assertThat(ReconciliationEngine.plan(holds(1, 4, 41), holds(1, 9, 90), NONE_CLOSED, Chains.NONE, known)
                        .steps())
                .containsExactly(new Conflict(LOG, seqno(4), 41, 40));
    }

    @Test
    @DisplayName("R-42: a closed origin's tail is adopted once its range is there, and not if it is in conflict")
    void adoptions() {
        SortedMap<LogId, Long> closed = new TreeMap<>();
        closed.put(LOG, seqno(6));
        closed.put(log(42, 3, 1, 1), Seqno.of(1, 3));
        assertThat(ReconciliationEngine.plan(NOTHING, holds(1, 9, 90), closed, Chains.NONE, Chains.NONE)
                        .steps())
                .containsExactly(new Fetch(LOG, seqno(1), seqno(9), null), new Adopt(LOG, seqno(7), seqno(9)));
        assertThat(ReconciliationEngine.plan(holds(1, 9, 91), holds(1, 9, 90), closed, Chains.NONE, Chains.NONE)
                        .steps())
                .hasOnlyElementsOfType(Conflict.class);
        assertThat(ReconciliationEngine.plan(NOTHING, holds(1, 6, 60), closed, Chains.NONE, Chains.NONE)
                        .steps())
                .hasOnlyElementsOfType(Fetch.class);
    }

    @Test
    @DisplayName("R-42: the plan can be printed before it is applied")
    void prints() {
        List<Step> steps = List.of(
                new Send(LOG, seqno(5), seqno(9), new Proof(seqno(4), 40)),
                new Fetch(log(42, 3, 0, 0), 1, 7, null),
                new Snapshot(new LogId(ShardId.of(9), LOG.tenant(), LOG.origin()), true, seqno(1), seqno(2), null),
                new Snapshot(LOG, false, seqno(1), seqno(2), null),
                new Conflict(LOG, seqno(4), 40, -1),
                new Adopt(LOG, seqno(5), seqno(9)));
        assertThat(new ReconciliationPlan(steps)).hasToString("""
                        send t42 s3 r1:s3@2 2.5..2.9 if the chain at 2.4 is 0000000000000028
                        fetch t42 s3 r0:s3 1..7
                        fetch snapshot t42 s9 r1:s3@2 2.1..2.2
                        send snapshot t42 s3 r1:s3@2 2.1..2.2
                        conflict t42 s3 r1:s3@2 at 2.4: chain 0000000000000028 here, ffffffffffffffff there
                        adopt t42 s3 r1:s3@2 2.5..2.9
                        """);
        assertThat(new ReconciliationPlan(List.of()).print()).isEmpty();
    }

    @Test
    @DisplayName("R-42: after the plan of any two replicas nothing but conflicts is left, and both sides plan the same")
    void reconcilesAnyTwo() {
        for (int seed = 0; seed < 10_000; seed++) {
            Pair pair = new Pair(seed);
            ReconciliationPlan plan =
                    ReconciliationEngine.plan(pair.mine, pair.theirs, pair.closed, pair.myChains, pair.theirChains);
            String sample = "seed " + seed + "\n" + pair.mine + "\n" + pair.theirs + "\n" + plan;

            assertThat(ReconciliationEngine.plan(pair.theirs, pair.mine, pair.closed, pair.theirChains, pair.myChains)
                            .steps())
                    .as(sample)
                    .isEqualTo(plan.steps().stream()
                            .map(ReconciliationEngineTest::mirror)
                            .toList());

            Reconciled after = plan.applyTo(pair.mine, pair.theirs);
            assertThat(plan.applyTo(after.mine(), after.theirs()))
                    .as("applied twice, %s", sample)
                    .isEqualTo(after);
            SortedMap<LogId, Long> closedAfter = new TreeMap<>(pair.closed);
            closedAfter.putAll(after.adoptedTo());
            List<Step> conflicts =
                    plan.steps().stream().filter(Conflict.class::isInstance).toList();
            assertThat(ReconciliationEngine.plan(
                                    after.mine(), after.theirs(), closedAfter, pair.myChains, pair.theirChains)
                            .steps())
                    .as("planned again, %s", sample)
                    .isEqualTo(conflicts);
            pair.check(plan, after, closedAfter, sample);
        }
    }

    private static Step mirror(Step step) {
        if (step instanceof Send send) {
            return new Fetch(send.log(), send.fromSeqno(), send.toSeqno(), send.proveAt());
        } else if (step instanceof Fetch fetch) {
            return new Send(fetch.log(), fetch.fromSeqno(), fetch.toSeqno(), fetch.proveAt());
        } else if (step instanceof Snapshot snapshot) {
            return new Snapshot(
                    snapshot.log(), !snapshot.toMe(), snapshot.fromSeqno(), snapshot.toSeqno(), snapshot.proveAt());
        } else if (step instanceof Conflict conflict) {
            return new Conflict(
                    conflict.log(),
                    conflict.seqno(),
                    /* myChain= */ conflict.theirChain(),
                    /* theirChain= */ conflict.myChain());
        }
        return step;
    }

    /** Two replicas that hold some of the same logs, in part truncated, now and then with different records from some seqno on. */
    private static final class Pair {

        final ReplicationState mine;
        final ReplicationState theirs;
        final SortedMap<LogId, Long> closed = new TreeMap<>();
        final Chains myChains;
        final Chains theirChains;
        private final TreeMap<LogId, Long> forks = new TreeMap<>();

        Pair(int seed) {
            SplittableRandom random = new SplittableRandom(seed);
            ReplicationState.Builder here = ReplicationState.builder();
            ReplicationState.Builder there = ReplicationState.builder();
            TreeSet<LogId> logs = new TreeSet<>();
            for (int i = random.nextInt(6); i >= 0; i--) {
                int incarnation = random.nextBoolean() ? random.nextInt(2) : Seqno.MAX_INCARNATION;
                logs.add(log(random.nextInt(3), random.nextInt(2), random.nextInt(2), incarnation));
            }
            for (LogId log : logs) {
                long start = log.origin().startSeqno();
                if (random.nextInt(4) == 0) {
                    forks.put(log, start + 1 + random.nextInt(12));
                }
                if (random.nextInt(8) != 0) {
                    here.put(log, position(random, log, 1));
                }
                if (random.nextInt(8) != 0) {
                    there.put(log, position(random, log, 2));
                }
                if (random.nextInt(3) == 0) {
                    closed.put(log, start + random.nextInt(12));
                }
            }
            mine = here.build();
            theirs = there.build();
            long known = random.nextLong();
            myChains =
                    (log, seqno) -> known(known, seqno) ? OptionalLong.of(chain(log, seqno, 1)) : OptionalLong.empty();
            theirChains =
                    (log, seqno) -> known(~known, seqno) ? OptionalLong.of(chain(log, seqno, 2)) : OptionalLong.empty();
        }

        private static boolean known(long bits, long seqno) {
            return (bits >>> seqno % 64 & 1) != 0;
        }

        private LogPosition position(SplittableRandom random, LogId log, int side) {
            long start = log.origin().startSeqno();
            long last = random.nextInt(12);
            long first = random.nextBoolean() ? 1 : 1 + random.nextLong(last + 1);
            return new LogPosition(log.origin(), start + first, start + last, chain(log, start + last, side));
        }

        private long chain(LogId log, long seqno, int side) {
            Long fork = forks.get(log);
            boolean forked = fork != null && Long.compareUnsigned(seqno, fork) >= 0;
            return Seqno.counter(seqno) == 0 ? 0 : 1000 * seqno + (forked ? side : 0);
        }

        private boolean forkedBefore(LogId log, long seqno) {
            Long fork = forks.get(log);
            return fork != null && Long.compareUnsigned(fork, seqno) <= 0;
        }

        /** Checks a plan against what is known of both logs. */
        void check(ReconciliationPlan plan, Reconciled after, SortedMap<LogId, Long> closedAfter, String sample) {
            TreeMap<LogId, Step> moved = new TreeMap<>();
            for (Step step : plan.steps()) {
                if (step instanceof Send send) {
                    assertThat(canRead(mine, step.log(), send.fromSeqno(), send.toSeqno()))
                            .as(sample)
                            .isTrue();
                    proved(step, last(theirs, step.log()), send.proveAt(), myChains, sample);
                } else if (step instanceof Fetch fetch) {
                    assertThat(canRead(theirs, step.log(), fetch.fromSeqno(), fetch.toSeqno()))
                            .as(sample)
                            .isTrue();
                    proved(step, last(mine, step.log()), fetch.proveAt(), theirChains, sample);
                } else if (step instanceof Snapshot snapshot) {
                    ReplicationState from = snapshot.toMe() ? theirs : mine;
                    assertThat(canRead(from, step.log(), snapshot.fromSeqno(), snapshot.toSeqno()))
                            .as(sample)
                            .isFalse();
                    long held = last(snapshot.toMe() ? mine : theirs, step.log());
                    proved(step, held, snapshot.proveAt(), snapshot.toMe() ? theirChains : myChains, sample);
                } else if (step instanceof Conflict conflict) {
                    assertThat(forkedBefore(step.log(), conflict.seqno()))
                            .as(sample)
                            .isTrue();
                    assertThat(conflict.myChain()).as(sample).isEqualTo(chain(step.log(), conflict.seqno(), 1));
                    assertThat(conflict.theirChain()).as(sample).isEqualTo(chain(step.log(), conflict.seqno(), 2));
                } else {
                    continue;
                }
                assertThat(moved.put(step.log(), step))
                        .as("one step a log, %s", sample)
                        .isNull();
            }
            TreeMap<LogId, LogPosition> all = new TreeMap<>(mine.logs());
            all.putAll(theirs.logs());
            for (LogId log : all.keySet()) {
                long here = last(after.mine(), log);
                if (moved.get(log) instanceof Conflict) {
                    assertThat(here).as(sample).isEqualTo(last(mine, log));
                    assertThat(closedAfter.get(log)).as(sample).isEqualTo(closed.get(log));
                    continue;
                }
                long most = Math.max(counter(mine, log), counter(theirs, log))
                        + log.origin().startSeqno();
                assertThat(here).as(sample).isEqualTo(most);
                assertThat(last(after.theirs(), log)).as(sample).isEqualTo(most);
                assertThat(Long.compareUnsigned(closedAfter.getOrDefault(log, -1L), most))
                        .as(sample)
                        .isNotNegative();
            }
        }

        private void proved(Step step, long held, @Nullable Proof proof, Chains chains, String sample) {
            boolean isKnown =
                    Seqno.counter(held) == 0 || chains.chainAt(step.log(), held).isPresent();
            assertThat(proof == null).as(sample).isEqualTo(isKnown);
            if (proof == null) {
                assertThat(forkedBefore(step.log(), held)).as(sample).isFalse();
            } else {
                assertThat(proof.seqno()).as(sample).isEqualTo(held);
            }
        }

        private static boolean canRead(ReplicationState state, LogId log, long from, long to) {
            LogPosition position = state.logs().get(log);
            return position != null && position.canRead(from) && position.canRead(to) && position.lastSeqno() == to;
        }

        private static long last(ReplicationState state, LogId log) {
            return log.origin().startSeqno() + counter(state, log);
        }

        private static long counter(ReplicationState state, LogId log) {
            LogPosition position = state.position(log);
            return position == null ? 0 : Seqno.counter(position.lastSeqno());
        }
    }
}
