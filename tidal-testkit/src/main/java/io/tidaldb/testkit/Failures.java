package io.tidaldb.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

/** Asserts that something fails with an error code. */
final class Failures {

    private Failures() {}

    static void assertCode(ErrorCode code, ThrowingCallable call) {
        assertCode(code, catchThrowable(call));
    }

    static void assertFails(ErrorCode code, CompletionStage<?> stage) {
        Throwable thrown = catchThrowable(() -> stage.toCompletableFuture().join());
        assertCode(code, thrown instanceof CompletionException ? thrown.getCause() : thrown);
    }

    private static void assertCode(ErrorCode code, @Nullable Throwable thrown) {
        if (thrown instanceof TidalException failure) {
            assertThat(failure.code()).as(failure.getMessage()).isEqualTo(code);
        } else {
            throw new AssertionError("expected a failure with " + code + ", found " + thrown, thrown);
        }
    }
}
