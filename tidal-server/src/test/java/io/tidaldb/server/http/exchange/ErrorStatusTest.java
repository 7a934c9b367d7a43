package io.tidaldb.server.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("The status of a failure")
class ErrorStatusTest {

    private static final Map<ErrorCode, Integer> EXPECTED = new EnumMap<>(Map.ofEntries(
            Map.entry(ErrorCode.INVALID_ARGUMENT, 400),
            Map.entry(ErrorCode.INVALID_CONFIGURATION, 400),
            Map.entry(ErrorCode.UNKNOWN_SIGNAL, 404),
            Map.entry(ErrorCode.SIGNAL_CONFLICT, 409),
            Map.entry(ErrorCode.EVENT_TIME_TOO_FAR, 422),
            Map.entry(ErrorCode.NAME_COLLISION, 409),
            Map.entry(ErrorCode.TENANT_EXISTS, 409),
            Map.entry(ErrorCode.TENANT_NOT_FOUND, 404),
            Map.entry(ErrorCode.MIGRATION_NOT_FOUND, 404),
            Map.entry(ErrorCode.QUOTA_EXCEEDED, 429),
            Map.entry(ErrorCode.OVERLOADED, 503),
            Map.entry(ErrorCode.NOT_CAUGHT_UP, 409),
            Map.entry(ErrorCode.NOT_OWNER, 421),
            Map.entry(ErrorCode.RESIDENCY_UNSATISFIABLE, 422),
            Map.entry(ErrorCode.INVALID_RANGES, 422),
            Map.entry(ErrorCode.IDEMPOTENCY_KEY_REUSED, 422),
            Map.entry(ErrorCode.DEADLINE_EXCEEDED, 504),
            Map.entry(ErrorCode.PARTLY_APPLIED, 503),
            Map.entry(ErrorCode.POSITION_UNKNOWN, 412),
            Map.entry(ErrorCode.SESSION_OUT_OF_ORDER, 409),
            Map.entry(ErrorCode.SESSION_CLOSED, 409),
            Map.entry(ErrorCode.SESSION_NOT_FOUND, 404),
            Map.entry(ErrorCode.UNSAFE, 409),
            Map.entry(ErrorCode.VERSION_MISMATCH, 409),
            Map.entry(ErrorCode.PEER_UNAVAILABLE, 503),
            Map.entry(ErrorCode.CLOSED, 503),
            Map.entry(ErrorCode.WAL_GAP, 500),
            Map.entry(ErrorCode.CORRUPT_LOG, 503),
            Map.entry(ErrorCode.CORRUPT_DATA, 503),
            Map.entry(ErrorCode.STORAGE_FULL, 507),
            Map.entry(ErrorCode.STORE_FAILED, 503),
            Map.entry(ErrorCode.KEY_UNAVAILABLE, 409),
            Map.entry(ErrorCode.TENANT_SUSPENDED, 423),
            Map.entry(ErrorCode.DIRECTORY_LOCKED, 500),
            Map.entry(ErrorCode.DIRECTORY_MISMATCH, 500),
            Map.entry(ErrorCode.FORMAT_TOO_NEW, 500),
            Map.entry(ErrorCode.PLUGIN_UNAVAILABLE, 500),
            Map.entry(ErrorCode.UNSUPPORTED, 422),
            Map.entry(ErrorCode.INTERNAL, 500)));

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    @DisplayName("is fixed for every code, and the problem carries the code")
    void everyCode(ErrorCode code) {
        Problem problem = Problem.of(new TidalException(code, "what happened"));
        assertThat(EXPECTED).containsKey(code);
        assertThat(problem.status()).isEqualTo(EXPECTED.get(code));
        assertThat(problem.body().get("code").asText()).isEqualTo(code.name());
        assertThat(problem.body().get("status").asInt()).isEqualTo(problem.status());
    }

    @Test
    @DisplayName("hides the reasons for which the server is to blame")
    void hidesReasons() {
        assertThat(Problem.of(new TidalException(ErrorCode.INTERNAL, "secret path"))
                        .body()
                        .toString())
                .doesNotContain("secret");
        assertThat(Problem.of(new IllegalStateException("secret path")).body().toString())
                .doesNotContain("secret");
        assertThat(Problem.of(new TidalException(ErrorCode.STORE_FAILED, "secret path"))
                        .body()
                        .toString())
                .doesNotContain("secret");
        assertThat(Problem.of(new IllegalStateException("x")).status()).isEqualTo(500);
    }

    @Test
    @DisplayName("F-02: a refusal says all that the caller needs to come back, seconds rounded up")
    void quota() {
        Problem problem = Problem.of(refusal(QuotaExceededException.Cause.RATE, Duration.ofMillis(1_001)));
        assertThat(problem.status()).isEqualTo(429);
        assertThat(problem.retryAfterSeconds()).isEqualTo(2);
        assertThat(problem.body().get("retry_after_ms").asLong()).isEqualTo(1_001);
        assertThat(problem.accepted(7).body().get("accepted").asLong()).isEqualTo(7);
    }

    @Test
    @DisplayName("is 422 for what can never fit, and says no time to come back")
    void never() {
        Problem problem = Problem.of(refusal(QuotaExceededException.Cause.NEVER, null));
        assertThat(problem.status()).isEqualTo(422);
        assertThat(problem.retryAfterSeconds()).isNull();
        assertThat(problem.body().get("retry_after_ms").isNull()).isTrue();
    }

    private static QuotaExceededException refusal(
            QuotaExceededException.Cause cause, @org.jspecify.annotations.Nullable Duration retryAfter) {
        return new QuotaExceededException(
                TenantId.of(1), QuotaExceededException.Quota.SIGNALS_PER_SECOND, cause, 100, 200, 300, 0.5, retryAfter);
    }
}
