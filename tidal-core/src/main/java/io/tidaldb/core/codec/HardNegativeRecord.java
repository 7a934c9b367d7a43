package io.tidaldb.core.codec;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.RecordKind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A user does not want to see an entity, or does again. The body, little-endian:
 *
 * <pre>
 * offset size
 *      0    1  type: 1 added, 2 withdrawn
 *      1    1  what: 0 hide, 1 mute, 2 block
 *      2    8  user
 *     10    8  item
 * of a withdrawal then u16 count, and for each record that it cancels: u16 region, u16 shard, u64 seqno
 * </pre>
 *
 * @param what 0 to 2
 * @param withdrawn the records that this one cancels; null if it adds one
 */
public record HardNegativeRecord(
        int what, long user, long item, @Nullable List<WalSegmentId> withdrawn) implements UserRecord {

    /** Most records that one withdrawal names. */
    public static final int MAX_WITHDRAWN = 1_000;

    private static final int ADDED = 1;
    private static final int WITHDRAWN = 2;
    private static final int KINDS = 3;
    private static final int BYTES = 18;
    private static final int NAME_BYTES = 12;

    /** Copies the list. */
    public HardNegativeRecord {
        withdrawn = withdrawn == null ? null : List.copyOf(withdrawn);
    }

    @Override
    public RecordKind kind() {
        return RecordKind.HARD_NEGATIVES;
    }

    @Override
    public long[] entities() {
        return user == item ? new long[] {user} : new long[] {user, item};
    }

    // Where the item's signals are, so that whoever ranks it knows who does not want to see it.
    @Override
    public long route() {
        return item;
    }

    @Override
    public long identity() {
        return Hashing.xxh3_64()
                .hashStream()
                .putInt(withdrawn == null ? ADDED : WITHDRAWN)
                .putInt(what)
                .putLong(user)
                .putLong(item)
                .getAsLong();
    }

    @Override
    public byte[] encode() {
        int names = withdrawn == null ? 0 : Short.BYTES + NAME_BYTES * withdrawn.size();
        ByteBuffer body = ByteBuffer.allocate(BYTES + names)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) (withdrawn == null ? ADDED : WITHDRAWN))
                .put((byte) what)
                .putLong(user)
                .putLong(item);
        if (withdrawn != null) {
            body.putShort((short) withdrawn.size());
            withdrawn.forEach(each -> body.putShort((short) each.region().value())
                    .putShort((short) each.shard().value())
                    .putLong(each.seqno()));
        }
        return body.array();
    }

    static HardNegativeRecord decode(ByteBuffer body) {
        int type = Byte.toUnsignedInt(body.get());
        int what = Byte.toUnsignedInt(body.get());
        if (type < ADDED || type > WITHDRAWN || what >= KINDS) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "hard negative of type " + type + " and kind " + what + " is not known to this version");
        }
        long user = body.getLong();
        long item = body.getLong();
        return new HardNegativeRecord(what, user, item, type == ADDED ? null : names(body));
    }

    private static List<WalSegmentId> names(ByteBuffer body) {
        int count = Short.toUnsignedInt(body.getShort());
        List<WalSegmentId> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            RegionId region = RegionId.of(Short.toUnsignedInt(body.getShort()));
            ShardId shard = ShardId.of(Short.toUnsignedInt(body.getShort()));
            names.add(new WalSegmentId(region, shard, body.getLong()));
        }
        return names;
    }
}
