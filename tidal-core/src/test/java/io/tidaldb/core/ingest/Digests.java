package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import java.util.Map;
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
        if (slot.base != null) {
            digests.put("base", slot.base.digest(SEED).toString());
        }
        slot.compacted.forEach((origin, end) -> digests.put("compacted " + origin, Long.toUnsignedString(end)));
        return digests;
    }

    /** Returns the origin that a slot is written under. */
    public static Origin origin(TenantShard slot) {
        return slot.origin;
    }

    /** Returns how many bytes of its log a slot had to fold when it was opened. */
    public static long replayedBytes(TenantShard slot) {
        return slot.replayedBytes;
    }
}
