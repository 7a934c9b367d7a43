package io.tidaldb.core.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.ingest.Completions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A write of several parts")
class PendingWriteTest {

    private final TidalException refused = new TidalException(ErrorCode.CLOSED, "refused");
    private final TidalException unknown = new TidalException(ErrorCode.PEER_UNAVAILABLE, "unknown");

    private static ErrorCode outcome(TidalException first, TidalException second) {
        PendingWrite write = new PendingWrite(2, null);
        write.refused(first);
        assertThat(write.result()).isNotDone();
        write.refused(second);
        return write.result()
                .handle((position, failure) -> ((TidalException) failure).code())
                .join();
    }

    @Test
    @DisplayName("is not called refused if one of them may have happened, in whatever order they are answered")
    void oneUnknownPart() {
        assertThat(outcome(refused, unknown)).isEqualTo(ErrorCode.PEER_UNAVAILABLE);
        assertThat(outcome(unknown, refused)).isEqualTo(ErrorCode.PEER_UNAVAILABLE);
        assertThat(outcome(refused, refused)).isEqualTo(ErrorCode.CLOSED);
    }

    @Test
    @DisplayName("is partly applied if one of them was, and another was not")
    void onePartApplied() {
        PendingWrite write = new PendingWrite(2, null);
        write.refused(refused);
        write.acknowledged(WalSegmentId.parse("r0:s0:1"), Completions.AT_ONCE);
        assertThat(write.result()
                        .handle((position, failure) -> ((TidalException) failure).code())
                        .join())
                .isEqualTo(ErrorCode.PARTLY_APPLIED);
    }
}
