package io.tidaldb.server.importing;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * How a load went.
 *
 * @param refused by a quota
 * @param failed for any other reason, outcome unknown included
 * @param longestWriteGapMs the longest time in which nothing was acknowledged
 * @param ackP50Us from the moment at which an event should have been sent, so that a stall counts for all it held up
 * @param availability share of writes and reads that were answered, quota refusals left aside
 */
public record LoadReport(
        long sent,
        long acked,
        long refused,
        long failed,
        long reads,
        long readsFailed,
        double longestWriteGapMs,
        double ackP50Us,
        double ackP99Us,
        double availability) {

    /** Returns the report with its fixed names. */
    public ObjectNode toJson() {
        return Json.object()
                .put("sent", sent)
                .put("acked", acked)
                .put("refused", refused)
                .put("failed", failed)
                .put("reads", reads)
                .put("reads_failed", readsFailed)
                .put("longest_write_gap_ms", longestWriteGapMs)
                .put("ack_p50_us", ackP50Us)
                .put("ack_p99_us", ackP99Us)
                .put("availability", availability);
    }
}
