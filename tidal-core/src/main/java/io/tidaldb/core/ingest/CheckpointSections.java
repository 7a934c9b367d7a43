package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * What a checkpoint holds from version 3 on, after the fields of version 2: u16 count, then for each section u16 tag, u32 length, body, in
 * order of their tags. A tag that is not known is refused: what it stands for would be lost.
 *
 * <pre>
 * 20 hard negatives    u32 count, each: u8 what, u8 1 if it counts, u64 user, u64 item, record; u32 count of names that were withdrawn
 *                      before their records came, each: record
 * 21 sessions          u32 count, each: record, u64 hlc, u8 1 and the 128-bit idempotency key or u8 0, u32 length, the record's body
 * 22 named entities    u32 count, each: u64 entity, which is in no ledger
 * record: u16 region, u16 shard, u64 seqno
 * </pre>
 */
final class CheckpointSections {

    private static final int NEGATIVES = 20;
    private static final int SESSIONS = 21;
    private static final int NAMED = 22;

    private interface Body {
        void writeTo(DataOutput out) throws IOException;
    }

    private record Section(int tag, Body body) {}

    private CheckpointSections() {}

    /** Returns whether a slot has anything that goes into a section. */
    static boolean isNeeded(SlotImage image) {
        return !image.users.isEmpty();
    }

    static void write(SlotImage image, DataOutput out) throws IOException {
        List<Section> sections = new ArrayList<>();
        UserState.Image users = image.users;
        if (!users.isEmpty()) {
            sections.add(new Section(NEGATIVES, to -> NegativeTable.write(users.negatives(), to)));
            sections.add(new Section(SESSIONS, to -> SessionTable.write(users.sessions(), to)));
            sections.add(new Section(NAMED, to -> UserState.writeNamed(users.named(), to)));
        }
        out.writeShort(sections.size());
        for (Section each : sections) {
            // Written twice rather than held in memory.
            DataOutputStream counting = new DataOutputStream(OutputStream.nullOutputStream());
            each.body.writeTo(counting);
            out.writeShort(each.tag);
            out.writeInt(counting.size());
            each.body.writeTo(out);
        }
    }

    static void read(DataInput in, TenantShard shard) throws IOException {
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            int tag = in.readUnsignedShort();
            in.readInt();
            switch (tag) {
                case NEGATIVES -> shard.users.negatives.readFrom(in);
                case SESSIONS -> shard.users.sessions.readFrom(in);
                case NAMED -> shard.users.readNamed(in);
                default ->
                    throw new TidalException(
                            ErrorCode.FORMAT_TOO_NEW,
                            "section " + tag + " of a checkpoint of tenant " + shard.tenantId()
                                    + " is not known to this version");
            }
        }
    }
}
