package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.crdt.LwwRegister;
import io.tidaldb.core.ledger.SignalLedger;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The sections of a checkpoint that a tenant has which is written everywhere; {@link CheckpointSections} has their bytes. */
final class TakenBackSections {

    static final int VOIDS = 10;
    static final int DUPLICATES = 11;
    static final int LABEL = 12;
    static final int WAITING = 13;
    static final int USER_KEYS = 32;

    private TakenBackSections() {}

    static boolean areNeeded(SlotImage image) {
        return !of(image).isEmpty();
    }

    /** Returns those that a slot has. */
    static List<CheckpointSections.Section> of(SlotImage image) {
        List<CheckpointSections.Section> sections = new ArrayList<>();
        if (image.origins.stream().anyMatch(each -> each.voids() != null)) {
            sections.add(new CheckpointSections.Section(VOIDS, out -> writeVoids(image, out)));
        }
        if (!image.duplicates.isEmpty()) {
            sections.add(new CheckpointSections.Section(DUPLICATES, image.duplicates::writeTo));
        }
        LwwRegister<String> label = image.labelRegister;
        if (label != null) {
            sections.add(new CheckpointSections.Section(LABEL, out -> writeLabel(label, out)));
        }
        if (image.origins.stream().anyMatch(each -> !each.waiting().isEmpty())) {
            sections.add(new CheckpointSections.Section(WAITING, out -> writeWaiting(image, out)));
        }
        if (!image.userKeys.isEmpty()) {
            sections.add(new CheckpointSections.Section(USER_KEYS, out -> KeyMemory.write(image.userKeys, out)));
        }
        return sections;
    }

    private static void writeVoids(SlotImage image, DataOutput out) throws IOException {
        out.writeInt((int)
                image.origins.stream().filter(each -> each.voids() != null).count());
        for (SlotImage.OriginImage each : image.origins) {
            if (each.voids() != null) {
                Checkpoint.writeOrigin(out, each.origin());
                each.voids().writeTo(out);
            }
        }
    }

    static void readVoids(TenantShard shard, Schema schema, DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            known(shard, Checkpoint.readOrigin(in)).voids = SignalLedger.readFrom(in, schema);
        }
    }

    private static void writeLabel(LwwRegister<String> label, DataOutput out) throws IOException {
        out.writeUTF(label.value());
        out.writeLong(label.hlc());
        Checkpoint.writeOrigin(out, label.origin());
        out.writeLong(label.seqno());
    }

    static void readLabel(TenantShard shard, DataInput in) throws IOException {
        shard.labelled(new LwwRegister<>(in.readUTF(), in.readLong(), Checkpoint.readOrigin(in), in.readLong()));
    }

    private static void writeWaiting(SlotImage image, DataOutput out) throws IOException {
        out.writeInt(
                image.origins.stream().mapToInt(each -> each.waiting().size()).sum());
        for (SlotImage.OriginImage each : image.origins) {
            for (ControlRecord.Voided voided : each.waiting()) {
                Checkpoint.writeOrigin(out, each.origin());
                byte[] body = voided.encode();
                out.writeInt(body.length);
                out.write(body);
            }
        }
    }

    static void readWaiting(TenantShard shard, DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            OriginLedger writer = known(shard, Checkpoint.readOrigin(in));
            ControlRecord record = ControlRecord.decode(Checkpoint.readBody(in));
            if (!(record instanceof ControlRecord.Voided voided)) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "a checkpoint says that " + record + " waits, which takes nothing back");
            }
            writer.waiting.add(voided);
        }
    }

    private static OriginLedger known(TenantShard shard, Origin origin) {
        OriginLedger ledger = shard.origins.get(origin);
        if (ledger == null) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA, "a checkpoint says what " + origin + " takes back, and has no such origin");
        }
        return ledger;
    }
}
