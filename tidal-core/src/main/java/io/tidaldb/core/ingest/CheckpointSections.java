package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a checkpoint holds from version 3 on, after the fields of version 2: u16 count, then for each section u16 tag, u32 length, body, in
 * order of their tags. A tag that is not known is refused: what it stands for would be lost.
 *
 * <pre>
 * 10 voids             u32 count, then for each origin whose log takes back signals: origin, ledger of what it takes back
 * 11 duplicates        u32 count, then for each origin of whose records some were taken back: origin, u32 length, seqno ranges from its start;
 *                      u32 count, then for each origin some of whose writes count twice: origin, u32 count, the writes' last seqnos, u64 each
 * 12 label             text, u64 hlc, origin and u64 seqno of the record that wrote it
 * 13 waiting           u32 count, then for each record by which a log takes back what it takes back only later: origin of the log,
 *                      u32 length, the control record's body
 * 20 hard negatives    u32 count, each: u8 what, u8 1 if it counts, u64 user, u64 item, record; u32 count of names that were withdrawn
 *                      before their records came, each: record
 * 21 sessions          u32 count, each: record, u64 hlc, u8 1 and the 128-bit idempotency key or u8 0, u32 length, the record's body
 * 22 named entities    u32 count, each: u64 entity, which is in no ledger
 * 32 user keys         idempotency keys of what is no signal, as those of signals before the sections
 * 42 erased entities  u32 count, each: u64 number, u64 mark of the entity, origin and u64 seqno of the record, u32 count of closed origins, each: origin,
 *                      u32 count of sessions, each: u64
 * origin: u16 region, u16 shard, u32 incarnation
 * record: u16 region, u16 shard, u64 seqno
 * </pre>
 */
final class CheckpointSections {

    private static final int NEGATIVES = 20;
    private static final int SESSIONS = 21;
    private static final int NAMED = 22;
    private static final int ERASED = 42;

    /** Writes a body. */
    interface Body {
        void writeTo(DataOutput out) throws IOException;
    }

    /** A section. */
    record Section(int tag, Body body) {}

    private CheckpointSections() {}

    /** Returns whether a slot has anything that goes into a section. */
    static boolean isNeeded(SlotImage image) {
        return !image.users.isEmpty() || !image.erasures.isEmpty() || TakenBackSections.areNeeded(image);
    }

    static void write(SlotImage image, DataOutput out) throws IOException {
        List<Section> sections = new ArrayList<>(TakenBackSections.of(image));
        UserState.Image users = image.users;
        if (!users.isEmpty()) {
            sections.add(new Section(NEGATIVES, to -> NegativeTable.write(users.negatives(), to)));
            sections.add(new Section(SESSIONS, to -> SessionTable.write(users.sessions(), to)));
            sections.add(new Section(NAMED, to -> UserState.writeNamed(users.named(), to)));
        }
        if (!image.erasures.isEmpty()) {
            sections.add(new Section(ERASED, to -> EntityErasures.write(image.erasures, to)));
        }
        sections.sort(Comparator.comparingInt(Section::tag));
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

    static void read(DataInput in, Schema schema, TenantShard shard) throws IOException {
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            int tag = in.readUnsignedShort();
            in.readInt();
            switch (tag) {
                case NEGATIVES -> shard.users.negatives.readFrom(in);
                case SESSIONS -> shard.users.sessions.readFrom(in);
                case NAMED -> shard.users.readNamed(in);
                case ERASED -> shard.erasures.readFrom(in);
                case TakenBackSections.VOIDS -> TakenBackSections.readVoids(shard, schema, in);
                case TakenBackSections.DUPLICATES -> shard.duplicates.readFrom(in);
                case TakenBackSections.LABEL -> TakenBackSections.readLabel(shard, in);
                case TakenBackSections.USER_KEYS -> shard.userKeys.readFrom(in);
                case TakenBackSections.WAITING -> TakenBackSections.readWaiting(shard, in);
                default ->
                    throw new TidalException(
                            ErrorCode.FORMAT_TOO_NEW,
                            "section " + tag + " of a checkpoint of tenant " + shard.tenantId()
                                    + " is not known to this version");
            }
        }
    }
}
