package io.tidaldb.core.control;

/**
 * How a slot is to be moved.
 *
 * @param maxBytesPerSecond how much of it is copied in a second at most; 0 for no bound
 * @param maxWritePauseNanos for how long writes may be held back: a cutover that would take longer is put off
 * @param holdNanos for how long the former shard follows, so that the migration can be reversed
 * @param full whether all content is compared byte by byte, and not its digests only
 * @param slowDown whether the tenant is held to fewer writes if the target does not keep up else
 */
public record MigrationTerms(
        long maxBytesPerSecond, long maxWritePauseNanos, long holdNanos, boolean full, boolean slowDown) {

    MigrationTerms withoutHold() {
        return new MigrationTerms(maxBytesPerSecond, maxWritePauseNanos, 0, full, slowDown);
    }
}
