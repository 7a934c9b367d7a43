package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.core.directory.NodeHome;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
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
