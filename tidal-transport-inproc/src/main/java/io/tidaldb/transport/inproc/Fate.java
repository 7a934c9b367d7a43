package io.tidaldb.transport.inproc;

import java.time.Duration;

/**
 * What becomes of a message. Everything but the delay breaks what a transport promises: it is there to see whether those above it notice.
 *
 * @param delay how long it is under way; it still arrives after those sent before it
 * @param copies how often it arrives; 0 loses it without a trace
 * @param overtakes whether it may arrive before those sent before it
 */
public record Fate(Duration delay, int copies, boolean overtakes) {

    /** Arrives at once, once, in its turn. */
    public static final Fate NORMAL = new Fate(Duration.ZERO, 1, false);
}
