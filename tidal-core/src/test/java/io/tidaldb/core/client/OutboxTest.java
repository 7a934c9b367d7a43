package io.tidaldb.core.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Writes of a client that wait for those before them")
class OutboxTest {

    private static final int UNDER_WAY = 5;

    private Nodes nodes = new Nodes(1);

    @AfterEach
    void close() {
        nodes.close();
    }

    private CompletableFuture<Position> write(List<Signal> signals, WriteOptions options) {
        return nodes.client()
                .tenant(TenantId.of(1))
                .recordAllAsync(signals, options)
                .toCompletableFuture();
    }

    private CompletableFuture<Position> write(long entity, WriteOptions options) {
        return write(List.of(Signal.of("view", entity, 1)), options);
    }

    private List<CompletableFuture<Position>> writes(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> write(i, WriteOptions.DEFAULT))
                .toList();
    }

    /** Has as many requests under way as may be. */
    private List<Nodes.Asked> full() {
        writes(UNDER_WAY);
        List<Nodes.Asked> asked = nodes.asked();
        assertThat(asked).hasSize(UNDER_WAY).allMatch(each -> each.call.writes().size() == 1);
        return asked;
    }

    private static Answer.Refused refused(ErrorCode code) {
        return new Answer.Refused(code.name(), "no", 0, null);
    }

    private static void failed(ErrorCode code, CompletableFuture<?> write) {
        assertThat(write).isCompletedExceptionally();
        assertThatThrownBy(write::join)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    @DisplayName("go together, in order, when there is room; each has its own key and position")
    void together() {
        List<Nodes.Asked> asked = full();
        List<CompletableFuture<Position>> waiting = writes(100);
        assertThat(nodes.asked()).isEmpty();
        asked.get(3).record(1);
        List<Nodes.Asked> next = nodes.asked();
        assertThat(next).hasSize(1);
        Call.Writes call = next.get(0).call;
        assertThat(call.writes()).hasSize(100).allMatch(each -> each.signals() == 1);
        assertThat(call.writes())
                .extracting(each -> List.of(each.key()[0], each.key()[1]))
                .doesNotHaveDuplicates();
        next.get(0).record(50);
        for (int i = 0; i < waiting.size(); i++) {
            assertThat(waiting.get(i)).isCompletedWithValue(Position.parse("r0:s0:" + (50 + i)));
        }
    }

    @Test
    @DisplayName("fail alone, and are tried again alone, under the same key")
    void apart() {
        List<Nodes.Asked> asked = full();
        List<CompletableFuture<Position>> waiting = writes(4);
        asked.get(0).record(1);
        Nodes.Asked next = nodes.asked().get(0);
        next.record(50, Map.of(1, refused(ErrorCode.NAME_COLLISION), 2, refused(ErrorCode.NOT_OWNER)));
        assertThat(waiting.get(0)).isCompletedWithValue(Position.parse("r0:s0:50"));
        failed(ErrorCode.NAME_COLLISION, waiting.get(1));
        assertThat(waiting.get(2)).isNotDone();
        assertThat(waiting.get(3)).isCompletedWithValue(Position.parse("r0:s0:53"));
        nodes.pass(Duration.ofMillis(100));
        Nodes.Asked again = nodes.asked().get(0);
        assertThat(again.call.writes()).hasSize(1);
        assertThat(again.call.writes().get(0).key())
                .isEqualTo(next.call.writes().get(2).key());
        again.record(60);
        assertThat(waiting.get(2)).isCompletedWithValue(Position.parse("r0:s0:60"));
    }

    @Test
    @DisplayName("do not fail with a request before theirs that was wrong")
    void wrongBefore() {
        List<Nodes.Asked> asked = full();
        List<CompletableFuture<Position>> waiting = writes(3);
        asked.get(0).answer(refused(ErrorCode.INVALID_ARGUMENT));
        nodes.asked().get(0).record(50);
        assertThat(waiting).allMatch(each -> each.isDone() && !each.isCompletedExceptionally());
    }

    @Test
    @DisplayName("wait for none at another level or of another slot")
    void otherWays() {
        full();
        CompletableFuture<Position> other = write(1, WriteOptions.DEFAULT.with(Durability.ASYNC));
        List<Nodes.Asked> asked = nodes.asked();
        assertThat(asked)
                .singleElement()
                .satisfies(each -> assertThat(each.call.durability()).isEqualTo("ASYNC"));
        asked.get(0).record(1);
        assertThat(other).isCompleted();
        nodes.close();
        nodes = new Nodes(2);
        writes(100);
        assertThat(nodes.asked()).hasSize(2 * UNDER_WAY);
    }

    @Test
    @DisplayName("do not wait if their time is short, and are told in time")
    void shortOfTime() {
        full();
        CompletableFuture<Position> hurried = write(9, WriteOptions.DEFAULT.with(Duration.ofMillis(500)));
        CompletableFuture<Position> waiting = write(10, WriteOptions.DEFAULT.with(Duration.ofSeconds(2)));
        List<Nodes.Asked> asked = nodes.asked();
        assertThat(asked).hasSize(1);
        assertThat(asked.get(0).call.waitNanos())
                .isLessThan(Duration.ofMillis(500).toNanos());
        nodes.pass(Duration.ofMillis(500));
        failed(ErrorCode.DEADLINE_EXCEEDED, hurried);
        assertThat(waiting).isNotDone();
        nodes.pass(Duration.ofMillis(1_500));
        assertThat(waiting).isCompletedExceptionally();
    }

    @Test
    @DisplayName("that were not sent to a node which does not answer go to the one that takes over")
    void takenOver() {
        full();
        List<CompletableFuture<Position>> waiting = writes(3);
        assertThat(nodes.asked()).isEmpty();
        nodes.lead(Nodes.OTHER);
        nodes.pass(Duration.ofSeconds(3));
        List<Nodes.Asked> asked = new ArrayList<>(nodes.asked());
        assertThat(asked).isNotEmpty().allMatch(each -> each.node.equals(Nodes.OTHER));
        long number = 100;
        while (!asked.isEmpty()) {
            for (Nodes.Asked each : asked) {
                each.record(number);
                number += each.call.writes().size();
            }
            asked = new ArrayList<>(nodes.asked());
        }
        // The five that had no answer, too.
        assertThat(number).isEqualTo(100 + UNDER_WAY + waiting.size());
        assertThat(waiting).allMatch(each -> each.isDone() && !each.isCompletedExceptionally());
    }

    @Test
    @DisplayName("are sent as many and as large together as is good")
    void bounds() {
        List<Nodes.Asked> asked = full();
        int more = 2 * Call.Writes.MOST + 10;
        writes(more);
        for (int i = 0; i < 3; i++) {
            asked.get(i).record(i);
        }
        assertThat(nodes.asked())
                .extracting(each -> each.call.writes().size())
                .containsExactly(Call.Writes.MOST, Call.Writes.MOST, 10);
        nodes.close();
        nodes = new Nodes(1);
        asked = full();
        List<Signal> large = Collections.nCopies(10_000, Signal.of("view", 1, 1));
        List<CompletableFuture<Position>> waiting = Stream.generate(() -> write(large, WriteOptions.DEFAULT))
                .limit(3)
                .toList();
        asked.get(0).record(1);
        asked.get(1).record(2);
        assertThat(nodes.asked()).extracting(each -> each.bytes).containsExactly(210_000, 210_000);
        assertThat(waiting).noneMatch(CompletableFuture::isDone);
    }

    @Test
    @DisplayName("fail if the node answers fewer than it was asked, and are not taken for recorded")
    void tooFew() {
        CompletableFuture<Position> write = write(1, WriteOptions.DEFAULT);
        nodes.asked().get(0).answer(new Answer.EachWritten(List.of(), Map.of()));
        failed(ErrorCode.INTERNAL, write);
    }

    @Test
    @DisplayName("fail when the client is closed")
    void closed() {
        full();
        List<CompletableFuture<Position>> waiting = writes(3);
        nodes.client().close();
        nodes.pass(Duration.ofMillis(1));
        assertThat(waiting).allMatch(CompletableFuture::isCompletedExceptionally);
    }
}
