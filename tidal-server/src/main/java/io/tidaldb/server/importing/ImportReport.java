package io.tidaldb.server.importing;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * How an import went; {@code read = accepted + malformed + skipped} unless it was stopped.
 *
 * @param throttled lines that the rate limit refused at least once, whether they were recorded later or skipped
 * @param skipped lines that a quota kept out
 * @param refused whether a cap kept lines out, which waiting does not help
 * @param stopped why the import ended before the file did, or null
 */
public record ImportReport(
        long read,
        long accepted,
        long throttled,
        long malformed,
        long skipped,
        boolean refused,
        @Nullable String stopped) {

    /** Returns the report with its fixed names. */
    public ObjectNode toJson() {
        return Json.object()
                .put("read", read)
                .put("accepted", accepted)
                .put("throttled", throttled)
                .put("malformed", malformed)
                .put("skipped", skipped);
    }
}
