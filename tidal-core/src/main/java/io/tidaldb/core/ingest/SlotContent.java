package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.core.ledger.FrozenLedger;
import io.tidaldb.core.ledger.SignalLedger;
import io.tidaldb.core.ledger.StateDigest;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a slot holds at one position of its logs, to be compared with another replica's at the same one.
 *
 * @param logs how far each origin's log is, with its chain
 * @param merged how far origins are in the base ledger whose logs are not kept apart any more
 * @param folded whether all of it is folded, so that there is something to compare
 * @param digest of everything that is folded, as {@link StateDigest} writes it; empty if it was not asked for
 * @param hash SHA-256 of every cell, base first and then origins in order; empty if it was not asked for
 * @param damage what is wrong with the slot's files, if anything is: then the logs are as far as they are known to have gone, whether they
 *     can be read or not, and nothing is said of where they begin, nor of chains
 */
public record SlotContent(
        List<SlotLogs.Held> logs,
        Map<Origin, Long> merged,
        boolean folded,
        byte[] digest,
        byte[] hash,
        @Nullable String damage) {

    private static final byte[] NOTHING = {};

    /** Takes it as it is between two commits. */
    static SlotContent of(TenantShard shard, List<SlotLogs.Held> logs, boolean digests, boolean full) {
        boolean folded = !shard.isStale();
        byte[] digest = NOTHING;
        if (digests) {
            ByteBuffer out = ByteBuffer.allocate(StateDigest.ENCODED_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            shard.digestHere().writeTo(out);
            digest = out.array();
        }
        return new SlotContent(
                List.copyOf(logs), new TreeMap<>(shard.compacted), folded, digest, full ? hash(shard) : NOTHING, null);
    }

    /** Says how far the logs of a damaged slot are known to have gone. */
    static SlotContent ofDamaged(TenantShard shard, TidalException damage, Map<Origin, KnownLog> known) {
        List<SlotLogs.Held> logs = new ArrayList<>();
        known.forEach((origin, log) ->
                logs.add(new SlotLogs.Held(origin, log.lastSeqno() + 1, log.lastSeqno(), Chain.START)));
        return new SlotContent(
                logs, new TreeMap<>(shard.compacted), false, NOTHING, NOTHING, String.valueOf(damage.getMessage()));
    }

    private static byte[] hash(TenantShard shard) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            try (DataOutputStream out =
                    new DataOutputStream(new DigestOutputStream(OutputStream.nullOutputStream(), sha))) {
                write(shard.base, out);
                for (OriginLedger each : shard.origins.values()) {
                    if (each.foldedSeqno != each.origin.startSeqno()) {
                        out.writeUTF(each.origin.toString());
                        write(each.ledger, out);
                    }
                }
            }
            return sha.digest();
        } catch (NoSuchAlgorithmException | IOException e) {
            throw new TidalException(ErrorCode.INTERNAL, "a slot's content can't be hashed: " + e, e);
        }
    }

    private static void write(@Nullable SignalLedger ledger, DataOutputStream out) throws IOException {
        if (ledger != null) {
            try (FrozenLedger frozen = ledger.freeze()) {
                frozen.writeTo(out);
            }
        }
    }
}
