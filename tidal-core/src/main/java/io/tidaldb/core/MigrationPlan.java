package io.tidaldb.core;

import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a migration would come to now.
 *
 * @param refusal why it would be refused; null if it would not
 * @param bytes what would be copied
 * @param time how long that takes at least, under the bound that is asked for; zero without one
 * @param maxWritePause for how long writes are held back at most
 * @param steps what happens in which state, and what a failure there costs
 */
public record MigrationPlan(
        @Nullable TidalException refusal, long bytes, Duration time, Duration maxWritePause, List<String> steps) {

    /** Copies the list. */
    public MigrationPlan {
        steps = List.copyOf(steps);
    }
}
