package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StateDigestTest {

    private static final long KEY = 0xD16E57;

    @Test
    void detectsAnySingleChangeAndNamesItsBucket() {
        for (long seed = 1; seed <= 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> events = Event.random(random, 500, 60, 4, true);
            StateDigest digest = Event.fold(events).digest(KEY);
            int at = random.nextInt(events.size());
            Event e = events.get(at);
            for (Event changed : List.of(
                    new Event(e.entity(), e.signal(), Math.nextUp(e.weight()) + 0.5f, e.nanos()),
                    new Event(e.entity(), e.signal() + 4, e.weight(), e.nanos()),
                    new Event(e.entity(), e.signal(), e.weight(), Event.START + 500 * Event.DAY))) {
                List<Event> others = new ArrayList<>(events);
                others.set(at, changed);
                // A half-life of a second forgets what a late event weighed; its count and windows tell all the same.
                if (e.signal() >= 3 || changed.weight() == e.weight()) {
                    assertThat(Event.fold(others).digest(KEY).differingBuckets(digest).stream())
                            .as("seed %s, %s became %s", seed, e, changed)
                            .containsExactly(StateDigest.bucket(e.entity()));
                }
            }
            List<Event> fewer = new ArrayList<>(events);
            fewer.remove(at);
            StateDigest less = Event.fold(fewer).digest(KEY);
            assertThat(less).as("seed %s", seed).isNotEqualTo(digest);
            assertThat(less.toString()).isNotEqualTo(digest.toString());
            assertThat(less.differingBuckets(digest).stream()).containsExactly(StateDigest.bucket(e.entity()));
        }
    }

    @Test
    void doesNotDependOnTheOrderOfPairsNorOnTheKeysOrder() {
        List<Event> events = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            events.add(new Event(i, i % 3, i, Event.START + i));
        }
        StateDigest digest = Event.fold(events).digest(KEY);
        Collections.shuffle(events, new Random(1));
        assertThat(Event.fold(events).digest(KEY)).isEqualTo(digest).hasSameHashCodeAs(digest);
        assertThat(Event.fold(events).digest(KEY + 1)).isNotEqualTo(digest);
        assertThatThrownBy(() -> Event.fold(events).digest(KEY + 1).differingBuckets(digest))
                .isInstanceOf(TidalException.class);
    }

    @Test
    void doesNotDependOnTheOrderOfEventsInWindows() {
        // Weights of zero, so that no rounding of scores is in the way.
        for (long seed = 1; seed <= 50; seed++) {
            List<Event> events = new ArrayList<>();
            Event.random(new SplittableRandom(seed), 2_000, 3, 2, false)
                    .forEach(e -> events.add(new Event(e.entity(), e.signal(), 0, e.nanos())));
            StateDigest digest = Event.fold(events).digest(KEY);
            Collections.shuffle(events, new Random(seed));
            assertThat(Event.fold(events).digest(KEY)).as("seed %s", seed).isEqualTo(digest);
        }
    }

    @Test
    void takesItsBucketFromTheHashOfEightLittleEndianBytes() {
        for (long entity : new long[] {0, 1, 42, -1, 0x0102030405060708L}) {
            byte[] bytes = ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(entity)
                    .array();
            assertThat(StateDigest.bucket(entity))
                    .isEqualTo((int) (Hashing.xxh3_64().hashBytesToLong(bytes) >>> 56));
        }
    }

    @Test
    void survivesItsEncoding() {
        StateDigest digest = Event.fold(Event.random(new SplittableRandom(1), 500, 60, 4, true))
                .digest(KEY);
        ByteBuffer bytes = ByteBuffer.allocate(StateDigest.ENCODED_BYTES);
        digest.writeTo(bytes);
        assertThat(StateDigest.readFrom(bytes.flip())).isEqualTo(digest);
        assertThatThrownBy(() -> StateDigest.readFrom(ByteBuffer.allocate(StateDigest.ENCODED_BYTES - 1)))
                .isInstanceOf(TidalException.class);
    }
}
