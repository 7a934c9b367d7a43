package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.BodyRecords;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.EntityName;
import io.tidaldb.core.codec.KeyBlock;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.ledger.SignalLedger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** The logs of some origins, as a seed has them: signals under few keys, names, takeovers and adoptions at any ends of batches. */
final class FoldHistory {

    final Map<Origin, List<WalBatch>> logs = new TreeMap<>();
    private final SplittableRandom random;
    private final Chain chain = new Chain();
    private final List<Origin> origins = new ArrayList<>();
    private long hlcMillis = 1_800_000_000_000L;

    FoldHistory(SplittableRandom random) {
        this.random = random;
        for (int i = random.nextInt(2, 5); i > 0; i--) {
            Origin origin =
                    new Origin(RegionId.of(random.nextInt(3)), ShardId.of(random.nextInt(2)), random.nextInt(3));
            if (logs.putIfAbsent(origin, new ArrayList<>()) == null) {
                origins.add(origin);
            }
        }
        for (int i = random.nextInt(5, 40); i > 0; i--) {
            write(any(origins));
        }
    }

    /**
     * Leaders one after the other: each closes the one before it, perhaps before its end and adopts the rest, and most of them merge what is
     * not merged yet.
     */
    private FoldHistory(SplittableRandom random, int leaders) {
        this.random = random;
        Set<Origin> merged = new HashSet<>();
        Origin lastMerger = null;
        int essential = 0;
        for (int i = 0; i < leaders; i++) {
            Origin origin = new Origin(RegionId.of(random.nextInt(3)), ShardId.of(0), i);
            List<ControlRecord.End> before = origins.stream()
                    .map(each -> new ControlRecord.End(each, lastSeqno(each)))
                    .toList();
            logs.put(origin, new ArrayList<>());
            origins.add(origin);
            if (i > 0) {
                essential = takeOver(i, origin, before.get(i - 1), essential);
            }
            int batches = random.nextInt(8);
            int merges = random.nextInt(10);
            for (int batch = 0; batch < batches; batch++) {
                if (batch == merges) {
                    Origin merger = lastMerger;
                    List<ControlRecord.End> ends = before.stream()
                            .filter(end -> !merged.contains(end.origin())
                                    || end.origin().equals(merger)
                                    || random.nextInt(4) == 0)
                            .toList();
                    bodies(origin, RecordKind.CONTROL, List.of(new ControlRecord.Merge(ends).encode()));
                    before.forEach(end -> merged.add(end.origin()));
                    lastMerger = origin;
                }
                signals(origin);
            }
        }
    }

    /** Closes the log before, after its own takeover and adoption at the earliest; returns how many batches those are here. */
    private int takeOver(int epoch, Origin writer, ControlRecord.End former, int essential) {
        List<WalBatch> log = log(former.origin());
        int kept = random.nextInt(3) > 0 ? log.size() : random.nextInt(essential, log.size() + 1);
        long closed =
                kept == 0 ? former.origin().startSeqno() : log.get(kept - 1).lastSeqno();
        ControlRecord takeover = new ControlRecord.Takeover(
                epoch, List.of(new ControlRecord.End(former.origin(), closed)), OriginSet.NONE);
        bodies(writer, RecordKind.CONTROL, List.of(takeover.encode()));
        if (closed == former.lastSeqno()) {
            return 1;
        }
        long first = random.nextLong(closed + 1, former.lastSeqno() + 1);
        SeqnoRanges voids = SeqnoRanges.NONE.plus(first, Math.min(former.lastSeqno(), first + random.nextInt(4)));
        ControlRecord adopt = new ControlRecord.Adopt(
                former.origin(), closed + 1, former.lastSeqno(), random.nextBoolean() ? SeqnoRanges.NONE : voids);
        bodies(writer, RecordKind.CONTROL, List.of(adopt.encode()));
        return 2;
    }

    static FoldHistory ofLeaders(SplittableRandom random) {
        return new FoldHistory(random, random.nextInt(2, 9));
    }

    List<WalBatch> log(Origin origin) {
        return Objects.requireNonNull(logs.get(origin));
    }

    private <T> T any(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private void write(Origin origin) {
        switch (random.nextInt(10)) {
            case 0 -> bodies(origin, RecordKind.ENTITIES, List.of(new EntityName(random.nextInt(20), "n").encode()));
            case 1, 2 -> bodies(origin, RecordKind.CONTROL, List.of(takeover().encode()));
            case 3, 4 -> adopt(origin);
            default -> signals(origin);
        }
    }

    private long lastSeqno(Origin origin) {
        List<WalBatch> log = log(origin);
        return log.isEmpty() ? origin.startSeqno() : log.get(log.size() - 1).lastSeqno();
    }

    private ControlRecord takeover() {
        List<ControlRecord.End> ends = new ArrayList<>();
        List<Origin> unheard = new ArrayList<>();
        for (Origin origin : origins) {
            int chance = random.nextInt(6);
            if (chance > 1) {
                ends.add(new ControlRecord.End(origin, boundary(origin)));
            } else if (chance == 1) {
                unheard.add(origin);
            }
        }
        return new ControlRecord.Takeover(random.nextInt(8), ends, OriginSet.of(unheard));
    }

    private long boundary(Origin origin) {
        List<WalBatch> log = log(origin);
        int at = random.nextInt(log.size() + 1);
        return at == 0 ? origin.startSeqno() : log.get(at - 1).lastSeqno();
    }

    private void adopt(Origin writer) {
        Origin origin = any(origins);
        long one = boundary(origin);
        long other = boundary(origin);
        if (one == other) {
            return;
        }
        long from = Math.min(one, other) + 1;
        long to = Math.max(one, other);
        SeqnoRanges voids = SeqnoRanges.NONE;
        for (int i = random.nextInt(4); i > 0; i--) {
            long first = random.nextLong(from, to + 1);
            voids = voids.plus(first, Math.min(to, first + random.nextInt(4)));
        }
        ControlRecord digestMark = new ControlRecord.DigestMark(1, ControlRecord.DigestMark.NO_BUCKET, null);
        bodies(
                writer,
                RecordKind.CONTROL,
                List.of(digestMark.encode(), new ControlRecord.Adopt(origin, from, to, voids).encode()));
    }

    private void bodies(Origin origin, RecordKind kind, List<byte[]> bodies) {
        ByteBuffer payload = BodyRecords.encode(bodies);
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        add(origin, kind, 0, bodies.size(), bytes);
    }

    private void signals(Origin origin) {
        List<KeyBlock.Entry> keys = new ArrayList<>();
        Set<IdempotencyKey> used = new HashSet<>();
        int count = 0;
        for (int writes = random.nextInt(1, 4); writes > 0; writes--) {
            int size = random.nextInt(1, 5);
            IdempotencyKey key = new IdempotencyKey(0, random.nextInt(8));
            if (random.nextBoolean() && used.add(key)) {
                keys.add(new KeyBlock.Entry(key, count, size));
            }
            count += size;
        }
        int start = KeyBlock.bytes(keys.size());
        ByteBuffer payload =
                ByteBuffer.allocate(start + count * SignalRecords.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (start > 0) {
            KeyBlock.put(payload, 0, keys);
        }
        for (int i = 0, at = start; i < count; i++, at += SignalRecords.BYTES) {
            long nanos = 1_700_000_000_000_000_000L + random.nextLong(10_000_000_000_000L);
            SignalRecords.put(payload, at, random.nextInt(20), random.nextInt(2), random.nextInt(100) / 7f, nanos);
        }
        add(origin, RecordKind.SIGNALS, start > 0 ? WalBatch.FLAG_KEYS : 0, count, payload.array());
    }

    private void add(Origin origin, RecordKind kind, int flags, int count, byte[] payload) {
        hlcMillis += random.nextInt(50) == 0 ? 20L * 24 * 3_600_000 : 1 + random.nextInt(2_000_000);
        ByteBuffer bytes =
                ByteBuffer.allocate(WalBatch.HEADER_BYTES + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(WalBatch.HEADER_BYTES, payload);
        long first = lastSeqno(origin) + 1;
        WalBatch.writeHeader(
                bytes, kind, flags, first, count, payload.length, FoldReplica.TENANT, origin, hlcMillis << 16);
        List<WalBatch> log = log(origin);
        long before = log.isEmpty() ? Chain.START : log.get(log.size() - 1).chain();
        log.add(WalBatch.seal(bytes, chain.next(before, bytes.array(), bytes.array().length)));
    }

    /** Checks a state against what counts, record by record. */
    Map<String, String> expected() {
        FoldNotes notes = new FoldNotes();
        logs.forEach((origin, log) -> log.stream()
                .filter(batch -> batch.kind() == RecordKind.CONTROL)
                .forEach(batch -> notes.add(origin, batch)));
        Map<String, String> state = new TreeMap<>();
        Metering metering = new Metering();
        Map<IdempotencyKey, KeyMemory.Result> keys = new HashMap<>();
        long[] totals = new long[2];
        logs.forEach((origin, log) -> {
            SignalLedger ledger = new SignalLedger(FoldReplica.schema());
            FoldLimit limit = notes.limit(origin);
            for (WalBatch batch : log) {
                if (Long.compareUnsigned(batch.lastSeqno(), limit.adoptedTo()) > 0) {
                    break;
                }
                int voids = 0;
                for (int i = 0; batch.kind() == RecordKind.SIGNALS && i < batch.count(); i++) {
                    ByteBuffer payload = batch.payload().order(ByteOrder.LITTLE_ENDIAN);
                    int at = payload.limit() - (batch.count() - i) * SignalRecords.BYTES;
                    if (limit.voids().contains(batch.firstSeqno() + i)) {
                        voids++;
                    } else {
                        int type = SignalRecords.type(payload, at);
                        totals[type]++;
                        ledger.apply(
                                SignalRecords.entity(payload, at),
                                type,
                                SignalRecords.weight(payload, at),
                                SignalRecords.eventNanos(payload, at));
                    }
                }
                metering.add(batch, voids);
                expectKeys(origin, batch, limit, keys);
            }
            if (!log.isEmpty() && limit.end(log.get(log.size() - 1).lastSeqno()) != origin.startSeqno()) {
                state.put(origin.toString(), ledger.digest(FoldReplica.SEED).toString());
            }
        });
        KeyMemory memory = new KeyMemory(Long.MAX_VALUE / 4);
        keys.forEach(memory::put);
        state.put("keys", FoldReplica.keys(memory));
        state.put("totals", totals[0] + " " + totals[1]);
        state.put("metering", metering.before() + " " + metering.hours());
        return state;
    }

    private static void expectKeys(
            Origin origin, WalBatch batch, FoldLimit limit, Map<IdempotencyKey, KeyMemory.Result> keys) {
        ByteBuffer payload = batch.payload().order(ByteOrder.LITTLE_ENDIAN);
        int start = payload.limit() - batch.count() * SignalRecords.BYTES;
        for (KeyBlock.Entry entry : KeyBlock.read(batch)) {
            long first = batch.firstSeqno() + entry.firstRecord();
            boolean counts = false;
            for (int i = 0; i < entry.count(); i++) {
                counts |= !limit.voids().contains(first + i);
            }
            KeyMemory.Result known = keys.get(entry.key());
            boolean earlier = known == null || batch.hlc() < known.hlc();
            if (counts && earlier) {
                int at = start + entry.firstRecord() * SignalRecords.BYTES;
                long hash = Folder.payloadHash(Hashing.xxh3_64().hashStream(), payload, at, entry.count());
                keys.put(entry.key(), new KeyMemory.Result(origin, first + entry.count() - 1, hash, batch.hlc()));
            }
        }
    }
}
