package io.tidaldb.core.ingest;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.crdt.Hlc;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says when stamps run too far ahead of this machine's clock: once, and once more when they no longer do. What is committed is obeyed however
 * far ahead it is, so this is all that an operator hears of it.
 *
 * <p>Loop-confined.
 */
final class ClockDrift {

    private static final Logger LOG = LoggerFactory.getLogger(ClockDrift.class);
    private static final long MOST_MILLIS = 60_000;

    private final Hlc hlc;
    private boolean told;

    ClockDrift(Hlc hlc) {
        this.hlc = hlc;
    }

    /** Looks after a log has given or got its last stamp. */
    void look(TenantId tenant, Origin last) {
        long ahead = hlc.aheadMillis();
        if (ahead > MOST_MILLIS != told) {
            told = !told;
            if (told) {
                LOG.warn(
                        "stamps are {} ms ahead of this machine's clock, at most {} were expected; the last is from {} of tenant {}."
                                + " This clock was set back or is behind, or the clock of a machine that writes is ahead:"
                                + " compare both with a time server. Nothing is refused for it",
                        ahead,
                        MOST_MILLIS,
                        last,
                        tenant);
            } else {
                LOG.info("stamps are no longer ahead of this machine's clock");
            }
        }
    }
}
