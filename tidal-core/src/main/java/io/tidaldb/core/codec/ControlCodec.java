package io.tidaldb.core.codec;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The body of a control record: a u8 type, then, little-endian:
 *
 * <pre>
 * 1 schema       u8 index, u64 half-life in nanoseconds, name in UTF-8
 * 2 label        label in UTF-8
 * 3 compaction   u16 count, then for each closed origin: u16 region, u16 shard, u64 last seqno
 * 4 takeover     u64 epoch, u16 count, then for each origin it closes: u16 region, u16 shard, u64 last seqno that counts,
 *                then those that it closes at their start as an {@link OriginSet}
 * 5 adopt        u16 region, u16 shard, u64 first seqno, u64 last seqno, void seqnos as {@link SeqnoRanges} from the first
 * 6 digest mark  u64 mark, u16 bucket to repair or 0xFFFF, u8 length and name of the node to repair, 0 if none
 * 7 merge        as a compaction
 * 10 voided      u16 region, u16 shard, u64 first seqno, u64 hlc of their batch,
 *                u16 region, u16 shard, u64 last seqno of the write that stays, the signals as they stand there
 * 30 erase       u64 number, u64 entity, origins as an {@link OriginSet}, u16 count, then for each session: u64
 * </pre>
 */
final class ControlCodec {

    private static final int SCHEMA = 1;
    private static final int LABEL = 2;
    private static final int COMPACTION = 3;
    private static final int TAKEOVER = 4;
    private static final int ADOPT = 5;
    private static final int DIGEST_MARK = 6;
    private static final int MERGE = 7;

    private static final int VOIDED = 10;

    private static final int ERASE = 30;

    private static final int END_BYTES = 12;

    private ControlCodec() {}

    static byte[] encode(ControlRecord record) {
        if (record instanceof ControlRecord.Schema schema) {
            byte[] name = schema.name().getBytes(StandardCharsets.UTF_8);
            return body(SCHEMA, 1 + Long.BYTES + name.length)
                    .put((byte) schema.index())
                    .putLong(schema.halfLifeNanos())
                    .put(name)
                    .array();
        } else if (record instanceof ControlRecord.Label label) {
            byte[] text = label.label().getBytes(StandardCharsets.UTF_8);
            return body(LABEL, text.length).put(text).array();
        } else if (record instanceof ControlRecord.Compaction compaction) {
            List<ControlRecord.End> ends = compaction.ends();
            return putEnds(body(COMPACTION, endsBytes(ends)), ends).array();
        } else if (record instanceof ControlRecord.Merge merge) {
            return putEnds(body(MERGE, endsBytes(merge.ends())), merge.ends()).array();
        } else if (record instanceof ControlRecord.Takeover takeover) {
            List<ControlRecord.End> ends = takeover.positions();
            byte[] unheard = takeover.unheard().encode();
            ByteBuffer body = body(TAKEOVER, Long.BYTES + endsBytes(ends) + unheard.length)
                    .putLong(takeover.epoch());
            return putEnds(body, ends).put(unheard).array();
        } else if (record instanceof ControlRecord.Adopt adopt) {
            byte[] voids = adopt.voids().encode(adopt.fromSeqno());
            ByteBuffer body = body(ADOPT, END_BYTES + Long.BYTES + voids.length);
            putEnd(body, adopt.origin(), adopt.fromSeqno());
            return body.putLong(adopt.toSeqno()).put(voids).array();
        } else if (record instanceof ControlRecord.Voided voided) {
            ByteBuffer records = voided.records();
            ByteBuffer body = body(VOIDED, 2 * END_BYTES + Long.BYTES + records.remaining());
            putEnd(body, voided.origin(), voided.firstSeqno());
            body.putLong(voided.hlc());
            putEnd(body, voided.stays().origin(), voided.stays().lastSeqno());
            return body.put(records.duplicate()).array();
        }
        if (record instanceof ControlRecord.Erase erase) {
            return encode(erase);
        }
        ControlRecord.DigestMark mark = (ControlRecord.DigestMark) record;
        NodeId node = mark.repaired();
        byte[] name = (node == null ? "" : node.name()).getBytes(StandardCharsets.US_ASCII);
        return body(DIGEST_MARK, Long.BYTES + Short.BYTES + 1 + name.length)
                .putLong(mark.mark())
                .putShort((short) mark.repairBucket())
                .put((byte) name.length)
                .put(name)
                .array();
    }

    private static byte[] encode(ControlRecord.Erase erase) {
        if (erase.sessions().size() > ControlRecord.Erase.MAX_SESSIONS) {
            throw TidalException.invalid(erase.sessions().size() + " sessions are more than one control record holds, "
                    + ControlRecord.Erase.MAX_SESSIONS);
        }
        byte[] origins = erase.origins().encode();
        int bytes = 2 * Long.BYTES
                + origins.length
                + Short.BYTES
                + Long.BYTES * erase.sessions().size();
        ByteBuffer body = body(ERASE, bytes)
                .putLong(erase.number())
                .putLong(erase.entity())
                .put(origins);
        body.putShort((short) erase.sessions().size());
        erase.sessions().forEach(body::putLong);
        return body.array();
    }

    private static ByteBuffer body(int type, int bytes) {
        return ByteBuffer.allocate(1 + bytes).order(ByteOrder.LITTLE_ENDIAN).put((byte) type);
    }

    private static int endsBytes(List<ControlRecord.End> ends) {
        if (ends.size() > 0xFFFF) {
            throw TidalException.invalid(ends.size() + " origins are more than one control record holds, 65535");
        }
        return Short.BYTES + END_BYTES * ends.size();
    }

    private static ByteBuffer putEnds(ByteBuffer body, List<ControlRecord.End> ends) {
        body.putShort((short) ends.size());
        ends.forEach(end -> putEnd(body, end.origin(), end.lastSeqno()));
        return body;
    }

    private static void putEnd(ByteBuffer body, Origin origin, long seqno) {
        body.putShort((short) origin.region().value())
                .putShort((short) origin.shard().value())
                .putLong(seqno);
    }

    static ControlRecord decode(ByteBuffer body) {
        try {
            ControlRecord record = read(body);
            if (body.hasRemaining()) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA, "control record has " + body.remaining() + " bytes too many");
            }
            return record;
        } catch (BufferUnderflowException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "control record is too short", e);
        } catch (TidalException e) {
            if (e.code() != ErrorCode.INVALID_ARGUMENT) {
                throw e;
            }
            throw new TidalException(ErrorCode.CORRUPT_DATA, "control record is malformed: " + e.getMessage(), e);
        }
    }

    private static ControlRecord read(ByteBuffer body) {
        int type = Byte.toUnsignedInt(body.get());
        return switch (type) {
            case SCHEMA -> {
                int index = Byte.toUnsignedInt(body.get());
                long halfLife = body.getLong();
                yield new ControlRecord.Schema(
                        index, StandardCharsets.UTF_8.decode(body).toString(), halfLife);
            }
            case LABEL ->
                new ControlRecord.Label(StandardCharsets.UTF_8.decode(body).toString());
            case COMPACTION -> new ControlRecord.Compaction(readEnds(body));
            case MERGE -> new ControlRecord.Merge(readEnds(body));
            case TAKEOVER -> new ControlRecord.Takeover(body.getLong(), readEnds(body), OriginSet.decode(body));
            case ADOPT -> {
                ControlRecord.End first = readEnd(body);
                long last = body.getLong();
                SeqnoRanges voids = SeqnoRanges.decode(body, first.lastSeqno(), last);
                yield new ControlRecord.Adopt(first.origin(), first.lastSeqno(), last, voids);
            }
            case DIGEST_MARK -> {
                long mark = body.getLong();
                // No bucket is −1, which is all ones.
                int bucket = body.getShort();
                byte[] name = new byte[Byte.toUnsignedInt(body.get())];
                body.get(name);
                NodeId node = name.length == 0 ? null : NodeId.of(new String(name, StandardCharsets.US_ASCII));
                yield new ControlRecord.DigestMark(mark, bucket, node);
            }
            case VOIDED -> {
                ControlRecord.End first = readEnd(body);
                long hlc = body.getLong();
                ControlRecord.End stays = readEnd(body);
                byte[] records = new byte[body.remaining()];
                body.get(records);
                yield new ControlRecord.Voided(first.origin(), first.lastSeqno(), hlc, stays, ByteBuffer.wrap(records));
            }
            case ERASE -> {
                long number = body.getLong();
                long entity = body.getLong();
                OriginSet origins = OriginSet.decode(body);
                List<Long> sessions = new ArrayList<>();
                for (int i = Short.toUnsignedInt(body.getShort()); i > 0; i--) {
                    sessions.add(body.getLong());
                }
                yield new ControlRecord.Erase(number, entity, origins, sessions);
            }
            default ->
                throw new TidalException(
                        ErrorCode.FORMAT_TOO_NEW, "control record of type " + type + " is not known to this version");
        };
    }

    private static List<ControlRecord.End> readEnds(ByteBuffer body) {
        List<ControlRecord.End> ends = new ArrayList<>();
        for (int i = Short.toUnsignedInt(body.getShort()); i > 0; i--) {
            ends.add(readEnd(body));
        }
        return ends;
    }

    private static ControlRecord.End readEnd(ByteBuffer body) {
        RegionId region = RegionId.of(Short.toUnsignedInt(body.getShort()));
        ShardId shard = ShardId.of(Short.toUnsignedInt(body.getShort()));
        long seqno = body.getLong();
        return new ControlRecord.End(Origin.of(region, shard, seqno), seqno);
    }
}
