package io.tidaldb.core;

import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a slot is moved.
 *
 * @param maxBytesPerSecond how much is copied in a second at most; as much as there is room for if empty
 * @param maxWritePause for how long writes may be held back: a cutover that would take longer is put off
 * @param hold for how long the former shard follows, so that the migration can be reversed; the tenant's own if empty
 * @param full whether all content is compared, and not its digests only
 * @param slowDown whether the tenant, and nobody else, is held to fewer writes if the target would not keep up else; it is not by default,
 *     and the migration goes on until it is given up, then
 */
public record MigrationOptions(
        OptionalLong maxBytesPerSecond,
        Duration maxWritePause,
        Optional<Duration> hold,
        boolean full,
        boolean slowDown) {

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    /** No bound on what is copied, writes are held back for 100 ms at most, digests are compared. */
    public static final MigrationOptions DEFAULT =
            new MigrationOptions(OptionalLong.empty(), Duration.ofMillis(100), Optional.empty(), false, false);

    /** @throws TidalException INVALID_ARGUMENT if a value is out of range */
    public MigrationOptions {
        if (maxBytesPerSecond.isPresent() && maxBytesPerSecond.getAsLong() < 1) {
            throw TidalException.invalid(
                    "maximum of " + maxBytesPerSecond.getAsLong() + " bytes a second: expected 1 at least");
        }
        if (maxWritePause.compareTo(Duration.ofMillis(1)) < 0 || maxWritePause.compareTo(LONGEST_PAUSE) > 0) {
            throw TidalException.invalid("maximum write pause of " + maxWritePause.toMillis() + " ms: expected 1 to "
                    + LONGEST_PAUSE.toMillis() + " ms");
        }
        if (hold.isPresent() && hold.get().isNegative()) {
            throw TidalException.invalid("hold of " + hold.get().toMillis() + " ms: expected 0 or more");
        }
    }

    /** Returns the same with another hold. */
    public MigrationOptions holding(Duration time) {
        return new MigrationOptions(maxBytesPerSecond, maxWritePause, Optional.of(time), full, slowDown);
    }
}
