package io.tidaldb.core.ingest;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.Origin;
import io.tidaldb.core.backup.BackedUpLog;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.ledger.CellView;
import io.tidaldb.core.ledger.LedgerSum;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** What a slot holds, to the bit: for tests that compare one state with another. */
public final class Digests {

    private static final long SEED = 99;

    private Digests() {}

    /** Returns the digest of each origin's ledger, under its position and chain, and that of the base ledger. */
    public static Map<String, String> of(TenantShard slot) {
        Map<String, String> digests = new TreeMap<>();
        slot.origins.forEach((origin, each) -> digests.put(
                origin + "@" + Long.toUnsignedString(each.foldedSeqno) + "#" + Long.toHexString(each.chain),
                each.ledger.digest(SEED).toString()));
        slot.origins.values().stream()
                .filter(each -> each.voids != null)
                .forEach(each -> digests.put(
                        "taken back by " + each.origin,
                        Objects.requireNonNull(each.voids).digest(SEED) + " waiting " + each.waiting.size()));
        if (slot.duplicateWrites() > 0) {
            digests.put("counted twice", slot.replica() + " has " + slot.duplicateWrites());
        }
        if (slot.base != null) {
            digests.put("base", slot.base.digest(SEED).toString());
        }
        if (!slot.users.image().isEmpty()) {
            digests.put("users", slot.users.digest(SEED) + " " + slot.users.namedEntities());
        }
        slot.compacted.forEach((origin, end) -> digests.put("compacted " + origin, Long.toUnsignedString(end)));
        return digests;
    }

    /** Returns what a checkpoint of a slot holds, read into an empty one. */
    public static Map<String, String> ofCheckpoint(Path file, TenantShard of) {
        TenantShard empty = new TenantShard(of.flow(), of.replica(), of.origin, of.loop(), of.schema, 0);
        Checkpoint.read(new Stored(file), empty, of.schema);
        Map<String, String> digests = of(empty);
        digests.put("rest", rest(empty));
        return digests;
    }

    /** Returns all that a checkpoint holds of a slot as it is now. */
    public static Map<String, String> whole(TenantShard slot) {
        Map<String, String> digests = of(slot);
        digests.put("rest", rest(slot));
        return digests;
    }

    private static String rest(TenantShard slot) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        try {
            slot.names.freeze().writeTo(out);
            slot.metering.writeTo(out);
            KeyMemory.write(slot.keys.entries(), out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return slot.label() + " " + slot.schemaLogged + " " + slot.lastHlc + " "
                + HexFormat.of().formatHex(bytes.toByteArray());
    }

    /**
     * Returns how far what a slot answers goes in the log of each origin, with the chain there where it is known; empty if something counts
     * twice until it is taken back.
     */
    public static Optional<List<BackedUpLog>> reached(int index, TenantShard slot) {
        if (slot.duplicateWrites() > 0 || slot.origins.values().stream().anyMatch(each -> !each.waiting.isEmpty())) {
            return Optional.empty();
        }
        List<BackedUpLog> reached = new ArrayList<>();
        slot.origins.forEach((origin, each) -> reached.add(new BackedUpLog(
                index, origin, each.foldedSeqno, each.foldedSeqno == each.lastSeqno ? each.chain : Chain.START)));
        slot.compacted.forEach((origin, end) -> reached.add(new BackedUpLog(index, origin, end, Chain.START)));
        return Optional.of(reached);
    }

    /** Returns all that a slot answers of some entities and the first few types as of a time, to the bit. */
    public static List<String> answers(TenantShard slot, int types, List<EntityId> entities, long atNanos) {
        List<String> answers = new ArrayList<>();
        LedgerSum readable = slot.readable();
        CellView cell = new CellView();
        for (int type = 0; type < types; type++) {
            for (EntityId entity : entities) {
                if (readable.read(entity.value(), type, atNanos, cell)) {
                    answers.add("type " + type + " of " + entity + " " + slot.name(entity.value()) + ": "
                            + Double.toHexString(cell.score()) + " " + cell.count() + " " + cell.lastHour() + " "
                            + cell.lastDay() + " " + cell.lastWeek() + " " + cell.asOfNanos());
                }
            }
            answers.add("type " + type + ": " + readable.total(type) + " of " + readable.entities(type));
        }
        return answers;
    }

    /** Returns the origin that a slot is written under. */
    public static Origin origin(TenantShard slot) {
        return slot.origin;
    }

    /** Returns how many bytes of its log a slot had to fold when it was opened. */
    public static long replayedBytes(TenantShard slot) {
        return slot.replayedBytes;
    }

    private record Stored(Path file) implements NodeHome.StoredFile {

        @Override
        public String name() {
            return file.toString();
        }

        @Override
        public long bytes() {
            return file.toFile().length();
        }

        @Override
        public InputStream open() throws IOException {
            return Files.newInputStream(file);
        }
    }
}
