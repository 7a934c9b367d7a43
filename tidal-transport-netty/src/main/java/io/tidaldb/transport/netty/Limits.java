package io.tidaldb.transport.netty;

import java.time.Duration;

/**
 * Times and bounds of a transport.
 *
 * @param handshake how long a connection may take until both sides know each other
 * @param silence after which a link on which nothing came counts as dead; four times in that a side says that it lives
 * @param firstRetry how long after a failed attempt the next one is made; doubled each time
 * @param lastRetry at most so long
 * @param flush how long close waits for what was sent before
 * @param connections most connections that others have made
 * @param handshakes most of those whose handshake is not over
 */
record Limits(
        Duration handshake,
        Duration silence,
        Duration firstRetry,
        Duration lastRetry,
        Duration flush,
        int connections,
        int handshakes) {

    static final Limits DEFAULT = new Limits(
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofMillis(100),
            Duration.ofSeconds(5),
            Duration.ofSeconds(1),
            1024,
            64);

    Duration heartbeat() {
        return silence.dividedBy(4);
    }
}
