package io.tidaldb.core.ingest;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.SeqnoRanges;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.ledger.FrozenLedger;
import io.tidaldb.core.ledger.SignalLedger;
import io.tidaldb.core.ledger.StateDigest;
import io.tidaldb.testkit.fuzz.Decoder;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** What a replica takes from another one in place of its logs. */
@SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
enum StateDecoder implements Decoder {
    CHECKPOINT(checkpoints(), bytes -> Fixed.REPLICA.read(new Steps.Stored("a checkpoint", bytes))) {
        @Override
        public byte[] sealed(byte[] bytes) {
            return sealedAtEnd(bytes);
        }
    },
    DAMAGE_NOTE(notes(), bytes -> DamageNote.decode("a note", bytes)) {
        @Override
        public byte[] sealed(byte[] bytes) {
            return sealedAtEnd(bytes);
        }
    },
    BUCKET(cells(), bytes -> new SignalLedger(FoldReplica.schema()).replaceBucket(Fixed.BUCKET, List.of(bytes)));

    private static final class Fixed {
        static final FoldReplica REPLICA = new FoldReplica(1, Path.of(""), new Steps());
        static final int BUCKET = StateDigest.bucket(5);
        static final int VERSION_AT = 4;
    }

    private final List<byte[]> examples;
    private final Consumer<byte[]> read;

    StateDecoder(List<byte[]> examples, Consumer<byte[]> read) {
        this.examples = examples;
        this.read = read;
    }

    private static List<byte[]> checkpoints() {
        FoldReplica replica = new FoldReplica(1, Path.of(""), new Steps());
        new FoldHistory(new SplittableRandom(1))
                .logs.forEach((origin, log) -> log.stream().limit(1).forEach(batch -> replica.receive(origin, batch)));
        replica.checkpoint(false);
        return List.of(bytes(replica::checkpointBytes), bytes(StateDecoder::withSections));
    }

    /** An empty slot's checkpoint with one of each section. */
    private static byte[] withSections() throws IOException {
        FoldReplica replica = new FoldReplica(1, Path.of(""), new Steps());
        Origin origin = new Origin(RegionId.of(1), ShardId.of(0), 2);
        replica.shard.ledger(origin);
        replica.checkpoint(false);
        byte[] empty = replica.checkpointBytes();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(empty, 0, empty.length - Integer.BYTES);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(0);
        Map<Integer, CheckpointSections.Body> sections = sections(origin);
        out.writeShort(sections.size());
        for (Map.Entry<Integer, CheckpointSections.Body> section : sections.entrySet()) {
            out.writeShort(section.getKey());
            out.writeInt(0);
            section.getValue().writeTo(out);
        }
        out.writeInt(0);
        ByteBuffer all = ByteBuffer.wrap(bytes.toByteArray()).putShort(Fixed.VERSION_AT, (short) 3);
        seal(all);
        return all.array();
    }

    private static Map<Integer, CheckpointSections.Body> sections(Origin origin) {
        ControlRecord.End stays = new ControlRecord.End(origin, origin.startSeqno() + 4);
        byte[] voided =
                new ControlRecord.Voided(origin, origin.startSeqno() + 1, 9, stays, ByteBuffer.allocate(21)).encode();
        byte[] session = new SessionRecord(1, 1, 5, new SessionRecord.Preference("a", "b")).encode();
        return new TreeMap<>(Map.of(
                TakenBackSections.VOIDS,
                out -> {
                    out.writeInt(1);
                    Checkpoint.writeOrigin(out, origin);
                    try (FrozenLedger nothing = new SignalLedger(FoldReplica.schema()).freeze()) {
                        nothing.writeTo(out);
                    }
                },
                TakenBackSections.DUPLICATES,
                out -> {
                    byte[] ranges = SeqnoRanges.NONE
                            .plus(origin.startSeqno() + 1, origin.startSeqno() + 2)
                            .encode(origin.startSeqno());
                    out.writeInt(1);
                    Checkpoint.writeOrigin(out, origin);
                    out.writeInt(ranges.length);
                    out.write(ranges);
                    out.writeInt(1);
                    Checkpoint.writeOrigin(out, origin);
                    out.writeInt(1);
                    out.writeLong(origin.startSeqno() + 3);
                },
                TakenBackSections.LABEL,
                out -> {
                    out.writeUTF("a label");
                    out.writeLong(9);
                    Checkpoint.writeOrigin(out, origin);
                    out.writeLong(origin.startSeqno() + 3);
                },
                TakenBackSections.WAITING,
                out -> {
                    out.writeInt(1);
                    Checkpoint.writeOrigin(out, origin);
                    out.writeInt(voided.length);
                    out.write(voided);
                },
                TakenBackSections.USER_KEYS,
                out -> KeyMemory.write(
                        List.of(Map.entry(
                                new IdempotencyKey(1, 2), new KeyMemory.Result(origin, origin.startSeqno() + 1, 3, 4))),
                        out),
                20,
                out -> {
                    out.writeInt(1);
                    out.write(new byte[] {1, 1});
                    out.writeLong(8);
                    out.writeLong(9);
                    out.writeInt(0);
                    out.writeLong(1);
                    out.writeInt(1);
                    out.writeInt(0);
                    out.writeLong(2);
                },
                21,
                out -> {
                    out.writeInt(1);
                    out.writeInt(0);
                    out.writeLong(1);
                    out.writeLong(7);
                    out.writeBoolean(false);
                    out.writeInt(session.length);
                    out.write(session);
                },
                22,
                out -> {
                    out.writeInt(1);
                    out.writeLong(42);
                },
                42,
                out -> {
                    out.writeInt(1);
                    out.writeLong(1);
                    out.writeLong(2);
                    Checkpoint.writeOrigin(out, origin);
                    out.writeLong(origin.startSeqno() + 3);
                    out.writeInt(1);
                    Checkpoint.writeOrigin(out, origin);
                    out.writeInt(1);
                    out.writeLong(6);
                }));
    }

    private static List<byte[]> notes() {
        FoldReplica replica = new FoldReplica(1, Path.of(""), new Steps());
        replica.shard.ledger(new Origin(RegionId.of(1), ShardId.of(0), 2));
        replica.shard.ledger(new Origin(RegionId.of(2), ShardId.of(0), 1));
        return List.of(
                bytes(() -> DamageNote.of(replica.shard).encode()),
                bytes(() -> DamageNote.ofThrownAway(Map.of()).encode()));
    }

    private static List<byte[]> cells() {
        SignalLedger ledger = new SignalLedger(FoldReplica.schema());
        ledger.apply(5, 0, 1, 1_700_000_000_000_000_000L);
        ledger.apply(5, 1, 2, 1_700_000_000_000_000_000L);
        return ledger.extractBucket(Fixed.BUCKET, 1 << 10);
    }

    private static byte[] sealedAtEnd(byte[] bytes) {
        if (bytes.length >= Integer.BYTES) {
            seal(ByteBuffer.wrap(bytes));
        }
        return bytes;
    }

    private static void seal(ByteBuffer checkpoint) {
        int end = checkpoint.capacity() - Integer.BYTES;
        CRC32C crc = new CRC32C();
        crc.update(checkpoint.array(), 0, end);
        checkpoint.putInt(end, (int) crc.getValue());
    }

    /** Makes bytes on the heap, which cannot fail. */
    private interface Made {
        byte[] bytes() throws IOException;
    }

    private static byte[] bytes(Made made) {
        try {
            return made.bytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public List<byte[]> examples() {
        return examples;
    }

    @Override
    public void read(byte[] bytes) {
        read.accept(bytes);
    }
}
