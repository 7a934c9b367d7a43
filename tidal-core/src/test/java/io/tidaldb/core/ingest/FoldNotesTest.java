package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.codec.SeqnoRanges;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Which records of an origin count")
class FoldNotesTest {

    private static final Origin OLD = origin(0);
    private static final Origin NEXT = origin(1);
    private static final Origin LAST = origin(2);

    private static Origin origin(int region) {
        return new Origin(RegionId.of(region), ShardId.of(0), 0);
    }

    /** One control record in some origin's log. */
    private record Written(Origin writer, long seqno, ControlRecord record) {

        static Written takeover(Origin writer, long seqno, long epoch, Origin closed, long at) {
            return new Written(
                    writer,
                    seqno,
                    new ControlRecord.Takeover(epoch, List.of(new ControlRecord.End(closed, at)), OriginSet.NONE));
        }

        static Written adopt(Origin writer, long seqno, Origin of, long from, long to, SeqnoRanges voids) {
            return new Written(writer, seqno, new ControlRecord.Adopt(of, from, to, voids));
        }

        WalBatch batch() {
            ByteBuffer payload = BodyRecords.encode(List.of(record.encode()));
            int length = payload.remaining();
            ByteBuffer bytes =
                    ByteBuffer.allocate(WalBatch.HEADER_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.put(WalBatch.HEADER_BYTES, payload, 0, length);
            WalBatch.writeHeader(bytes, RecordKind.CONTROL, 0, seqno, 1, length, TenantId.of(1), writer, 1);
            return WalBatch.seal(bytes, 0);
        }
    }

    /** Returns the limit of an origin, the same in every order. */
    private static FoldLimit limit(Origin of, Written... written) {
        List<Written> order = new ArrayList<>(List.of(written));
        FoldNotes notes = new FoldNotes();
        order.forEach(each -> notes.add(each.writer, each.batch()));
        for (int seed = 0; seed < 20; seed++) {
            Collections.shuffle(order, new Random(seed));
            FoldNotes shuffled = new FoldNotes();
            order.forEach(each -> shuffled.add(each.writer, each.batch()));
            assertThat(shuffled.limit(of)).isEqualTo(notes.limit(of));
        }
        return notes.limit(of);
    }

    private static FoldLimit closed(long epoch, long at, long to, SeqnoRanges voids) {
        return new FoldLimit(epoch, at, to, voids);
    }

    @Test
    void allOfAnOpenOrigin() {
        assertThat(limit(OLD)).isEqualTo(FoldLimit.OPEN);
        assertThat(limit(OLD, Written.adopt(NEXT, 1, OLD, 5, 9, SeqnoRanges.of(6, 6))))
                .isEqualTo(FoldLimit.OPEN);
    }

    @Test
    @DisplayName("up to where the first takeover closed it: a later one does not raise it")
    void upToTheFirstTakeover() {
        assertThat(limit(
                        OLD,
                        Written.takeover(NEXT, 1, 5, OLD, 100),
                        Written.takeover(LAST, 1, 7, OLD, 150),
                        Written.takeover(LAST, 2, -1, OLD, 50)))
                .isEqualTo(closed(5, 100, 100, SeqnoRanges.NONE));
    }

    @Test
    @DisplayName("a takeover that nobody had seen when the next epoch began is void, also if it was adopted since")
    void aTakeoverThatNobodySaw() {
        Written lost = Written.takeover(NEXT, 11, 5, OLD, 100);
        assertThat(limit(OLD, lost, Written.takeover(LAST, 1, 7, NEXT, 10))).isEqualTo(FoldLimit.OPEN);
        assertThat(limit(
                        OLD,
                        lost,
                        Written.takeover(LAST, 1, 7, NEXT, 10),
                        Written.takeover(LAST, 2, 7, OLD, 120),
                        Written.adopt(LAST, 3, NEXT, 11, 20, SeqnoRanges.NONE)))
                .isEqualTo(closed(7, 120, 120, SeqnoRanges.NONE));
        // One that lies before the end was seen.
        assertThat(limit(OLD, lost, Written.takeover(LAST, 1, 7, NEXT, 11)))
                .isEqualTo(closed(5, 100, 100, SeqnoRanges.NONE));
    }

    @Test
    @DisplayName("an epoch that nobody saw does not close the one who follows it")
    void closingEachOther() {
        Written lost = Written.takeover(NEXT, 11, 5, LAST, 0);
        Written follows = Written.takeover(LAST, 1, 7, NEXT, 10);
        assertThat(limit(LAST, lost, follows)).isEqualTo(FoldLimit.OPEN);
        assertThat(limit(NEXT, lost, follows)).isEqualTo(closed(7, 10, 10, SeqnoRanges.NONE));
    }

    @Test
    @DisplayName("and what was adopted, without the void ones, if it continues it and its writer was not closed before")
    void whatWasAdopted() {
        Written takeover = Written.takeover(NEXT, 1, 5, OLD, 100);
        Written first = Written.adopt(NEXT, 2, OLD, 101, 150, SeqnoRanges.of(110, 120));
        Written second = Written.adopt(NEXT, 3, OLD, 151, 160, SeqnoRanges.of(160, 160));
        SeqnoRanges voids = SeqnoRanges.of(110, 120);
        assertThat(limit(OLD, takeover, first)).isEqualTo(closed(5, 100, 150, voids));
        assertThat(limit(OLD, takeover, first, second)).isEqualTo(closed(5, 100, 160, voids.plus(160, 160)));
        assertThat(limit(OLD, takeover, second)).isEqualTo(closed(5, 100, 100, SeqnoRanges.NONE));
        assertThat(limit(OLD, takeover, first, second, Written.takeover(LAST, 1, 6, NEXT, 2)))
                .isEqualTo(closed(5, 100, 150, voids));
        assertThat(limit(OLD, takeover, Written.adopt(NEXT, 2, OLD, 90, 150, SeqnoRanges.of(95, 105))))
                .isEqualTo(closed(5, 100, 150, SeqnoRanges.of(101, 105)));
    }

    @Test
    @DisplayName(
            "nothing of those that were not heard of when a takeover was written, as if each had been named at its start")
    void thoseThatWereNotHeardOf() {
        for (int seed = 0; seed < 3_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Origin> origins = IntStream.range(0, 6)
                    .mapToObj(i -> new Origin(RegionId.of(i % 2), ShardId.of(0), i / 2))
                    .toList();
            FoldNotes notes = new FoldNotes();
            FoldNotes named = new FoldNotes();
            for (int i = random.nextInt(8); i >= 0; i--) {
                Origin writer = origins.get(random.nextInt(origins.size()));
                long seqno = writer.startSeqno() + random.nextInt(1, 6);
                Origin other = origins.get(random.nextInt(origins.size()));
                if (random.nextInt(4) == 0) {
                    long from = other.startSeqno() + random.nextInt(1, 4);
                    Written adopt =
                            Written.adopt(writer, seqno, other, from, from + random.nextInt(4), SeqnoRanges.NONE);
                    notes.add(writer, adopt.batch());
                    named.add(writer, adopt.batch());
                    continue;
                }
                List<ControlRecord.End> ends =
                        List.of(new ControlRecord.End(other, other.startSeqno() + random.nextInt(6)));
                List<Origin> unheard = origins.stream()
                        .filter(each -> !each.equals(other) && random.nextInt(3) == 0)
                        .toList();
                List<ControlRecord.End> all = new ArrayList<>(ends);
                unheard.forEach(each -> all.add(new ControlRecord.End(each, each.startSeqno())));
                long epoch = random.nextInt(1, 5);
                notes.add(
                        writer,
                        new Written(writer, seqno, new ControlRecord.Takeover(epoch, ends, OriginSet.of(unheard)))
                                .batch());
                named.add(
                        writer,
                        new Written(writer, seqno, new ControlRecord.Takeover(epoch, all, OriginSet.NONE)).batch());
            }
            for (Origin each : origins) {
                assertThat(notes.limit(each)).as("seed %s, %s", seed, each).isEqualTo(named.limit(each));
                assertThat(notes.closed().contains(each))
                        .isEqualTo(named.limit(each).isClosed());
            }
            assertThat(notes.closed()).isEqualTo(named.closed());
        }
    }

    @Test
    @DisplayName("a takeover is as small after a million incarnations as after one, and names none twice")
    void manyIncarnations() {
        OriginSet former = OriginSet.NONE.plus(OLD.replica(), 0, 1_000_000).plus(NEXT.replica(), 0, 1_000_000);
        Origin writer = new Origin(NEXT.region(), NEXT.shard(), 1_000_000);
        Origin heard = new Origin(OLD.region(), OLD.shard(), 500);
        FoldNotes notes = new FoldNotes();
        ControlRecord.Takeover first = Objects.requireNonNull(
                notes.takeover(9, writer, new TreeMap<>(Map.of(heard, heard.startSeqno() + 7)), former));
        assertThat(first.encode()).hasSizeLessThan(100);
        notes.add(writer, new Written(writer, writer.startSeqno() + 1, first).batch());
        assertThat(notes.limit(heard)).isEqualTo(FoldLimit.closed(9, heard.startSeqno() + 7));
        Origin unheard = new Origin(OLD.region(), OLD.shard(), 999_999);
        assertThat(notes.limit(unheard)).isEqualTo(FoldLimit.closed(9, unheard.startSeqno()));
        assertThat(notes.limit(writer)).isEqualTo(FoldLimit.OPEN);
        Origin next = new Origin(OLD.region(), OLD.shard(), 1_000_001);
        ControlRecord.Takeover second = Objects.requireNonNull(notes.takeover(
                10,
                next,
                new TreeMap<>(Map.of(writer, writer.startSeqno() + 3)),
                former.plus(next.replica(), 0, 1_000_001)));
        assertThat(second.positions()).containsExactly(new ControlRecord.End(writer, writer.startSeqno() + 3));
        assertThat(second.unheard()).isEqualTo(OriginSet.NONE);
    }

    @Test
    void notesSurviveACheckpoint() throws IOException {
        FoldNotes notes = new FoldNotes();
        for (Written each : List.of(
                Written.takeover(NEXT, 1, 5, OLD, 100),
                Written.adopt(NEXT, 2, OLD, 101, 150, SeqnoRanges.of(110, 120)))) {
            assertThat(notes.add(each.writer, each.batch())).isTrue();
            assertThat(notes.add(each.writer, each.batch())).isFalse();
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        FoldNotes.write(notes.notes(), new DataOutputStream(bytes));
        FoldNotes read = new FoldNotes();
        read.readFrom(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        assertThat(read.notes()).isEqualTo(notes.notes());
        assertThat(read.limit(OLD)).isEqualTo(notes.limit(OLD)).isNotEqualTo(FoldLimit.OPEN);
    }
}
