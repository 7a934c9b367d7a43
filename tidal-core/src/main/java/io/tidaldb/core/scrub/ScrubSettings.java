package io.tidaldb.core.scrub;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.time.Duration;

/**
 * How a process reads again what it holds, to find damage.
 *
 * @param interval from the end of one reading to the begin of the next; zero for none
 * @param bytesPerSecond at most
 */
public record ScrubSettings(Duration interval, long bytesPerSecond) {

    private static final Duration MAX_INTERVAL = Duration.ofDays(365);
    private static final long MIN_BYTES_PER_SECOND = 4096;

    /** What holds unless something else is set. */
    public static final ScrubSettings DEFAULT = new ScrubSettings(Duration.ofDays(1), 4 << 20);

    public ScrubSettings {
        if (interval.isNegative() || interval.compareTo(MAX_INTERVAL) > 0) {
            throw new TidalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "scrub interval " + interval + " is out of range: expected 0 for none, up to " + MAX_INTERVAL);
        }
        if (bytesPerSecond < MIN_BYTES_PER_SECOND) {
            throw new TidalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "scrub rate " + bytesPerSecond + " is too low: expected " + MIN_BYTES_PER_SECOND
                            + " bytes a second or more; an interval of 0 switches scrubbing off");
        }
    }

    boolean isOff() {
        return interval.isZero();
    }
}
