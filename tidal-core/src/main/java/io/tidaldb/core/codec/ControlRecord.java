package io.tidaldb.core.codec;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What governs how a log is folded. The body is a u8 type, then, little-endian:
 *
 * <pre>
 * 1 schema      u8 index, u64 half-life in nanoseconds, name in UTF-8
 * 2 label       label in UTF-8
 * 3 compaction  u16 count, then for each closed origin: u16 region, u16 shard, u64 last seqno
 * </pre>
 */
public sealed interface ControlRecord {

    /** A signal type, repeated from the control log before its first use in this log. */
    record Schema(int index, String name, long halfLifeNanos) implements ControlRecord {}

    /** The tenant's label, from here on. */
    record Label(String label) implements ControlRecord {}

    /** The ledgers of these closed origins, complete up to these positions, are merged into the base ledger here, in this order. */
    record Compaction(List<End> ends) implements ControlRecord {

        /** Copies the list. */
        public Compaction {
            ends = List.copyOf(ends);
        }
    }

    /** Where a closed origin's log ends. */
    record End(Origin origin, long lastSeqno) {}

    /** Returns the body. */
    default byte[] encode() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteBuffer buffer = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        if (this instanceof Schema schema) {
            out.write(1);
            out.write(schema.index);
            out.writeBytes(firstBytes(buffer.putLong(0, schema.halfLifeNanos), Long.BYTES));
            out.writeBytes(schema.name.getBytes(StandardCharsets.UTF_8));
        } else if (this instanceof Label label) {
            out.write(2);
            out.writeBytes(label.label.getBytes(StandardCharsets.UTF_8));
        } else if (this instanceof Compaction compaction) {
            out.write(3);
            out.writeBytes(firstBytes(buffer.putShort(0, (short) compaction.ends.size()), 2));
            for (End end : compaction.ends) {
                buffer.putShort(0, (short) end.origin.region().value())
                        .putShort(2, (short) end.origin.shard().value())
                        .putLong(4, end.lastSeqno);
                out.writeBytes(firstBytes(buffer, 12));
            }
        }
        return out.toByteArray();
    }

    private static byte[] firstBytes(ByteBuffer buffer, int count) {
        byte[] bytes = new byte[count];
        buffer.get(0, bytes);
        return bytes;
    }

    /**
     * Reads a body.
     *
     * @throws TidalException FORMAT_TOO_NEW if the type is unknown, CORRUPT_DATA if the body does not fit its type
     */
    static ControlRecord decode(ByteBuffer body) {
        try {
            int type = Byte.toUnsignedInt(body.get());
            return switch (type) {
                case 1 -> {
                    int index = Byte.toUnsignedInt(body.get());
                    long halfLife = body.getLong();
                    yield new Schema(index, StandardCharsets.UTF_8.decode(body).toString(), halfLife);
                }
                case 2 -> new Label(StandardCharsets.UTF_8.decode(body).toString());
                case 3 -> {
                    List<End> ends = new ArrayList<>();
                    for (int i = Short.toUnsignedInt(body.getShort()); i > 0; i--) {
                        RegionId region = RegionId.of(Short.toUnsignedInt(body.getShort()));
                        ShardId shard = ShardId.of(Short.toUnsignedInt(body.getShort()));
                        long seqno = body.getLong();
                        ends.add(new End(Origin.of(region, shard, seqno), seqno));
                    }
                    yield new Compaction(ends);
                }
                default ->
                    throw new TidalException(
                            ErrorCode.FORMAT_TOO_NEW,
                            "control record of type " + type + " is not known to this version");
            };
        } catch (BufferUnderflowException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, "control record is too short", e);
        }
    }
}
