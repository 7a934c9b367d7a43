package io.tidaldb.core.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("writers that wait for followers")
class PendingAcksTest {

    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");

    private final Quorum quorum = new Quorum(0, List.of(A, B));
    private final PendingAcks<String> pending = new PendingAcks<>();
    private final List<String> released = new ArrayList<>();

    private List<String> release() {
        released.clear();
        pending.release(quorum, released::add);
        return released;
    }

    @Test
    @DisplayName("each is released when its level holds its seqno, in the order of seqnos")
    void releasesInOrder() {
        pending.add(Durability.MAJORITY, 5, "five");
        pending.add(Durability.ALL, 3, "three, all");
        pending.add(Durability.MAJORITY, 4, "four");
        pending.add(Durability.MAJORITY, 5, "five again");
        pending.add(Durability.ALL, 5, "five, all");
        quorum.own(5);
        assertThat(release()).isEmpty();
        quorum.acked(A, 5);
        assertThat(release()).containsExactly("four", "five", "five again");
        pending.add(Durability.MAJORITY, 2, "a retry");
        assertThat(release()).containsExactly("a retry");
        quorum.acked(B, 4);
        assertThat(release()).containsExactly("three, all");
        quorum.acked(B, 5);
        assertThat(release()).containsExactly("five, all");
        assertThat(pending.size()).isZero();
    }

    @Test
    @DisplayName("when a follower is removed, those who waited for it alone are released")
    void membersChange() {
        pending.add(Durability.ALL, 1, "all");
        quorum.own(1);
        quorum.acked(A, 1);
        assertThat(release()).isEmpty();
        quorum.members(List.of(A));
        assertThat(release()).containsExactly("all");
    }

    @Test
    void onesThatArriveMeanwhileAreReleasedToo() {
        quorum.own(9);
        quorum.acked(A, 9);
        pending.add(Durability.MAJORITY, 1, "first");
        pending.release(quorum, who -> {
            released.add(who);
            if (released.size() == 1) {
                pending.add(Durability.MAJORITY, 2, "second");
            }
        });
        assertThat(released).containsExactly("first", "second");
    }

    @Test
    void aNodeThatLeadsNoMoreHandsBackAll() {
        pending.add(Durability.MAJORITY, 2, "two");
        pending.add(Durability.ALL, 1, "one");
        pending.add(Durability.ALL, 3, "three");
        pending.removeIf("three"::equals);
        pending.drain(released::add);
        assertThat(released).containsExactly("one", "two");
        assertThat(pending.size()).isZero();
    }

    @Test
    void refusesLevelsThatWaitForNobody() {
        for (Durability level : List.of(Durability.ASYNC, Durability.LOCAL)) {
            assertThatExceptionOfType(TidalException.class).isThrownBy(() -> pending.add(level, 1, "x"));
        }
    }

    @Test
    @DisplayName("nobody is released early, nobody late, nobody twice")
    void agreesWithAModel() {
        record Wait(Durability level, long seqno, int number) {}
        for (int seed = 0; seed < 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Quorum held = new Quorum(0, List.of(A, B));
            PendingAcks<Wait> waits = new PendingAcks<>();
            List<Wait> model = new ArrayList<>();
            for (int step = 0; step < 500; step++) {
                switch (random.nextInt(6)) {
                    case 0 -> held.own(random.nextInt(step + 1));
                    case 1 -> held.acked(A, random.nextInt(step + 1));
                    case 2 -> held.acked(B, random.nextInt(step + 1));
                    case 3 -> held.members(random.nextInt(5) == 0 ? List.of(A) : List.of(A, B));
                    default -> {
                        Durability level = random.nextBoolean() ? Durability.MAJORITY : Durability.ALL;
                        Wait wait = new Wait(level, random.nextInt(step + 10), step);
                        waits.add(level, wait.seqno, wait);
                        model.add(wait);
                    }
                }
                List<Wait> out = new ArrayList<>();
                waits.release(held, out::add);
                List<Wait> expected = model.stream()
                        .filter(wait -> wait.seqno <= (wait.level == Durability.ALL ? held.all() : held.majority()))
                        .sorted(Comparator.comparingLong(Wait::seqno).thenComparingInt(Wait::number))
                        .toList();
                model.removeAll(expected);
                assertThat(out).as("seed %d, step %d", seed, step).isEqualTo(expected);
                assertThat(waits.size()).isEqualTo(model.size());
            }
        }
    }
}
