package io.tidaldb.core.embedded;

import io.tidaldb.core.leading.LeadershipSettings;
import io.tidaldb.core.membership.InitWord;
import io.tidaldb.core.scrub.ScrubSettings;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Bounds of an instance.
 *
 * @param maxFuture how far ahead an event time may lie
 * @param queueBytesPerTenant most bytes of a tenant that wait to be committed
 * @param queueBytes most bytes of all tenants that wait before each is held to its share
 * @param capacity signals a second that each node can take, or null if nobody has said
 * @param leadership how long leaders count on their office
 * @param scrub how often and how fast what is held is read again
 * @param init the word on which the cluster is made that it is a member of, or null if nobody is waited for
 * @param keys what the key vault is given to find master keys, or null if there is none
 * @param keyCheck how often it is looked whether master keys are still there
 */
public record Limits(
        Duration maxFuture,
        long queueBytesPerTenant,
        long queueBytes,
        @Nullable Double capacity,
        LeadershipSettings leadership,
        ScrubSettings scrub,
        @Nullable InitWord init,
        @Nullable Path keys,
        Duration keyCheck) {}
