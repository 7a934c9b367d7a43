package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes signals, sessions and hard negatives of a tenant, one round after another and each through another member, and reads everything
 * back through the next one in every way that there is. Nobody else writes, so that each answer can be only one.
 */
final class EveryRead implements AutoCloseable {

    private static final long WRITES_OF_A_SESSION = 50;
    private static final EntityId USER = EntityId.of(77);
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final TenantId tenant;
    private final Tidal[] members;
    private final AtomicInteger rounds = new AtomicInteger();
    private final Thread thread;
    private volatile boolean over;
    private volatile @Nullable Throwable failure;

    EveryRead(TenantId tenant, Tidal... members) {
        this.tenant = tenant;
        this.members = members;
        thread = new Thread(this::run, "reader");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            while (!over) {
                round(rounds.get());
                rounds.incrementAndGet();
            }
        } catch (RuntimeException | AssertionError e) {
            failure = new AssertionError("round " + rounds, e);
        }
    }

    private Tenant through(int number) {
        return members[number % members.length].tenant(tenant).orElseThrow();
    }

    private static WriteOptions writes(int number, int kind) {
        return WriteOptions.DEFAULT.with(new IdempotencyKey(kind, number)).with(PATIENCE);
    }

    private void round(int number) {
        Tenant writer = through(number);
        Position written = writer.recordAll(List.of(Signal.of("view", number, 1)), writes(number, 1));
        for (int each = 0; each < members.length; each++) {
            Tenant reader = through(number + each);
            ReadOptions seen = ReadOptions.DEFAULT.atLeast(written).waiting(PATIENCE);
            assertThat(reader.read("view", number, seen).count()).isOne();
            List<Reading> all = reader.readAll("view", List.of(EntityId.of(number), EntityId.of(number / 2)), seen);
            assertThat(all).extracting(Reading::count).containsExactly(1L, 1L);
            assertThat(reader.top("view", 10, seen))
                    .hasSize(Math.min(10, number + 1))
                    .allMatch(ranked -> ranked.score() <= 1);
            assertThat(reader.total("view")).isLessThanOrEqualTo(number + 1);
        }
        assertThat(writer.total("view")).isEqualTo(number + 1);
        assertThat(writer.entities("view")).isEqualTo(number + 1);
        if (number % 25 == 0) {
            assertExported(number);
        }
        hides(number);
        goesOn(number);
    }

    private void assertExported(int number) {
        Set<Long> entities = new HashSet<>();
        through(number).export(signal -> {
            if (signal.type().equals("view")) {
                assertThat(entities.add(signal.entity().value())).isTrue();
            }
        });
        assertThat(entities).hasSize(number + 1);
    }

    private void hides(int number) {
        EntityId item = EntityId.of(number);
        Position hidden = through(number).negatives().add(NegativeKind.HIDE, USER, item, writes(number, 2));
        ReadOptions seen = ReadOptions.DEFAULT.atLeast(hidden).waiting(PATIENCE);
        assertThat(through(number + 1).negatives().visible(USER, List.of(item), seen))
                .isEmpty();
        assertThat(through(number + 1).top("view", 10_000, seen.forUser(USER)))
                .noneMatch(ranked -> ranked.entity().equals(item));
        if (number >= 20) {
            // Most were added before the slot was where it is now.
            EntityId former = EntityId.of(number - 20);
            Position shown = through(number).negatives().withdraw(NegativeKind.HIDE, USER, former, writes(number, 3));
            ReadOptions after = ReadOptions.DEFAULT.atLeast(shown).waiting(PATIENCE);
            assertThat(through(number + 1).negatives().visible(USER, List.of(former), after))
                    .containsExactly(former);
        }
    }

    private void goesOn(int number) {
        SessionId session = SessionId.of(1 + number / WRITES_OF_A_SESSION);
        SessionSeqNo next = SessionSeqNo.of((int) (number % WRITES_OF_A_SESSION) + 1);
        SessionEvent event = next.equals(SessionSeqNo.FIRST)
                ? new SessionEvent.Start(USER)
                : new SessionEvent.Preference("round", Integer.toString(number));
        Position written = through(number).sessions().write(session, next, event, WriteOptions.DEFAULT.with(PATIENCE));
        ReadOptions seen = ReadOptions.DEFAULT.atLeast(written).waiting(PATIENCE);
        assertThat(through(number + 1).sessions().read(session, seen).entries()).hasSize(next.value());
    }

    /** Waits until some rounds more were gone through, or one has failed. */
    void awaitMore(int more) {
        int before = rounds.get();
        Await.passes(() ->
                assertThat(failure != null || rounds.get() > before + more).isTrue());
        assertNoFailure();
    }

    private void assertNoFailure() {
        Throwable reason = failure;
        if (reason != null) {
            throw new AssertionError("a read or a write failed, or was answered wrongly", reason);
        }
    }

    /** Returns how many rounds there were, in none of which anything has failed. */
    int end() throws InterruptedException {
        over = true;
        thread.join();
        assertNoFailure();
        int all = rounds.get();
        IntStream.range(0, members.length)
                .forEach(member -> Await.passes(
                        () -> assertThat(through(member).total("view")).isEqualTo(all)));
        return all;
    }

    @Override
    public void close() {
        over = true;
    }
}
