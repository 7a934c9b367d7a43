package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.Platform;
import io.tidaldb.core.runtime.RandomSource;
import io.tidaldb.testkit.FaultyWalStores;
import io.tidaldb.testkit.LossyWalStores;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/**
 * A machine to drill on: a clock and loops that the test drives, seeded randomness, and a disk that loses what was not synced and fails
 * when it is told to. Survives the instances that are opened on it.
 */
final class Drill {

    static final TenantId TENANT = TenantId.of(42);
    static final TenantConfig CONFIG = TenantConfig.builder(TENANT).build();

    final ManualClock clock = new ManualClock();
    final ManualLoops loops = new ManualLoops(clock);
    final FaultyWalStores stores = new FaultyWalStores(new LossyWalStores());
    private final Path directory;
    private final SplittableRandom random = new SplittableRandom(7);

    Drill(Path directory) {
        this.directory = directory;
    }

    Path directory() {
        return directory;
    }

    TidalBuilder durable() {
        return on(builder());
    }

    /** Opens an instance that keeps nothing, on this clock and these loops. */
    Tidal openEphemeral(TidalBuilder builder) {
        return builder.platform(platform(loops)).open();
    }

    /** The same disk and clock under loops of another kind. */
    TidalBuilder durableOn(LoopFactory otherLoops) {
        return builder().dataDir(directory).wal(stores).platform(platform(otherLoops));
    }

    /** Completes a builder that has everything but where its data is. */
    TidalBuilder on(TidalBuilder builder) {
        return builder.dataDir(directory).wal(stores).platform(platform(loops));
    }

    Tidal open() {
        return durable().open();
    }

    private static TidalBuilder builder() {
        return Tidal.builder().signal("view", Duration.ofDays(7)).signal("like", Duration.ofDays(30));
    }

    private Platform platform(LoopFactory on) {
        return new Platform() {
            @Override
            public Clock clock() {
                return clock;
            }

            @Override
            public RandomSource random() {
                return random::nextLong;
            }

            @Override
            public LoopFactory loops() {
                return on;
            }
        };
    }

    static IdempotencyKey key(long number) {
        return new IdempotencyKey(7, number);
    }

    static WriteOptions keyed(long number) {
        return WriteOptions.DEFAULT.with(key(number));
    }

    /** Returns the result of a write that is done, and throws its refusal as it is. */
    static Position get(CompletionStage<Position> write) {
        CompletableFuture<Position> result = write.toCompletableFuture();
        assertThat(result).isDone();
        return join(result);
    }

    /** Waits for a write, and throws its refusal as it is. */
    static Position join(CompletionStage<Position> write) {
        try {
            return write.toCompletableFuture().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof TidalException refusal ? refusal : e;
        }
    }

    /** Asserts that a call fails with a code, and returns the failure. */
    static TidalException fails(ErrorCode code, ThrowingCallable call) {
        TidalException failure = catchThrowableOfType(TidalException.class, call);
        assertThat(failure).as("a failure with %s", code).isNotNull();
        assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
        assertThat(failure.getMessage()).isNotBlank();
        return failure;
    }
}
