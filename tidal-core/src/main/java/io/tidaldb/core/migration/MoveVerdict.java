package io.tidaldb.core.migration;

import io.tidaldb.api.Origin;
import io.tidaldb.core.ingest.SlotContent;
import io.tidaldb.core.ingest.SlotLogs;
import io.tidaldb.core.ledger.StateDigest;
import io.tidaldb.core.remote.Answer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Whether both sides of a migration hold the same. Pure functions. */
final class MoveVerdict {

    private MoveVerdict() {}

    /** Returns the first origin of whose log the target has less; null if it has all of each. */
    static @Nullable Origin lacking(SlotContent mine, Answer.Moved theirs) {
        return mine.logs().stream()
                .filter(log -> Long.compareUnsigned(heldTo(theirs, log.origin()), log.lastSeqno()) < 0)
                .map(SlotLogs.Held::origin)
                .findFirst()
                .orElse(null);
    }

    private static long heldTo(Answer.Moved theirs, Origin origin) {
        return Stream.concat(theirs.logs().stream(), theirs.merged().stream())
                .filter(log -> log.origin().equals(origin))
                .mapToLong(Answer.MovedLog::lastSeqno)
                .findFirst()
                .orElse(origin.startSeqno());
    }

    /** Returns what is different; null if nothing is, or it can't be told because one side has not folded all of it. */
    static @Nullable String difference(SlotContent mine, Answer.Moved theirs) {
        for (SlotLogs.Held log : mine.logs()) {
            Answer.MovedLog other = theirs.logs().stream()
                    .filter(each -> each.origin().equals(log.origin()))
                    .findFirst()
                    .orElse(null);
            boolean empty = log.lastSeqno() == log.origin().startSeqno();
            if (other == null ? !empty : other.lastSeqno() == log.lastSeqno() && other.chain() != log.chain()) {
                return "the log of " + log.origin() + " up to seqno " + Long.toUnsignedString(log.lastSeqno())
                        + " is another one at the target";
            }
        }
        if (!mine.folded() || !theirs.comparable() || mine.digest().length == 0) {
            return null;
        }
        StateDigest here = digest(mine.digest());
        StateDigest there = digest(theirs.digest());
        if (here.seed() != there.seed()) {
            return "the state of the target is at other positions than its logs say";
        }
        BitSet buckets = here.differingBuckets(there);
        if (!buckets.isEmpty()) {
            return "the state of the target is another one in buckets " + buckets;
        }
        return Arrays.equals(mine.hash(), theirs.hash()) ? null : "the cells of the target are other ones";
    }

    private static StateDigest digest(byte[] bytes) {
        return StateDigest.readFrom(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    }
}
