package io.tidaldb.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Error codes")
class ErrorCodeTest {

    // Names and outcomes are in users' scripts. Add a line; never change or drop one.
    private static final String STABLE = """
            INVALID_ARGUMENT NOT_APPLIED
            INVALID_CONFIGURATION NOT_APPLIED
            UNKNOWN_SIGNAL NOT_APPLIED
            SIGNAL_CONFLICT NOT_APPLIED
            EVENT_TIME_TOO_FAR NOT_APPLIED
            NAME_COLLISION NOT_APPLIED
            TENANT_EXISTS NOT_APPLIED
            TENANT_NOT_FOUND NOT_APPLIED
            MIGRATION_NOT_FOUND NOT_APPLIED
            QUOTA_EXCEEDED NOT_APPLIED
            OVERLOADED NOT_APPLIED
            NOT_OWNER NOT_APPLIED
            RESIDENCY_UNSATISFIABLE NOT_APPLIED
            INVALID_RANGES NOT_APPLIED
            IDEMPOTENCY_KEY_REUSED NOT_APPLIED
            DEADLINE_EXCEEDED UNKNOWN
            PARTLY_APPLIED UNKNOWN
            POSITION_UNKNOWN NOT_APPLIED
            SESSION_OUT_OF_ORDER NOT_APPLIED
            SESSION_CLOSED NOT_APPLIED
            SESSION_NOT_FOUND NOT_APPLIED
            PEER_UNAVAILABLE UNKNOWN
            NOT_CAUGHT_UP NOT_APPLIED
            UNSAFE NOT_APPLIED
            VERSION_MISMATCH NOT_APPLIED
            CLOSED NOT_APPLIED
            WAL_GAP NOT_APPLIED
            CORRUPT_LOG FATAL
            CORRUPT_DATA FATAL
            STORAGE_FULL NOT_APPLIED
            KEY_UNAVAILABLE NOT_APPLIED
            TENANT_SUSPENDED NOT_APPLIED
            STORE_FAILED UNKNOWN
            DIRECTORY_LOCKED NOT_APPLIED
            DIRECTORY_MISMATCH NOT_APPLIED
            FORMAT_TOO_NEW NOT_APPLIED
            PLUGIN_UNAVAILABLE NOT_APPLIED
            UNSUPPORTED NOT_APPLIED
            INTERNAL FATAL
            """;

    @Test
    @DisplayName("names and outcomes are stable")
    void namesAndOutcomesAreStable() {
        assertThat(Arrays.stream(ErrorCode.values()).map(code -> code.name() + " " + code.outcome()))
                .containsExactlyInAnyOrderElementsOf(STABLE.lines().toList());
    }

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    @DisplayName("an exception carries its code, and its outcome is the code's")
    void exceptionCarriesItsCode(ErrorCode code) {
        TidalException exception = new TidalException(code, "message");
        assertThat(exception.code()).isEqualTo(code);
        assertThat(exception.outcome()).isEqualTo(code.outcome());
    }

    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    @DisplayName("nothing fatal is worth a retry")
    void fatalIsNotRetryable(ErrorCode code) {
        EnumSet<ErrorCode> retryable = EnumSet.of(
                ErrorCode.OVERLOADED,
                ErrorCode.NOT_OWNER,
                ErrorCode.NOT_CAUGHT_UP,
                ErrorCode.DEADLINE_EXCEEDED,
                ErrorCode.PARTLY_APPLIED,
                ErrorCode.PEER_UNAVAILABLE,
                ErrorCode.STORAGE_FULL);
        boolean worthwhile = new TidalException(code, "message").isRetryable();
        assertThat(worthwhile).isEqualTo(retryable.contains(code));
        assertThat(worthwhile && code.outcome() == Outcome.FATAL).isFalse();
    }

    @Test
    @DisplayName("R-22 a refusal names quota, limit, observed value and retry-after, and costs no stack trace")
    void quotaRefusalSaysAll() {
        QuotaExceededException refusal = new QuotaExceededException(
                TenantId.of(7),
                QuotaExceededException.Quota.SIGNALS_PER_SECOND,
                QuotaExceededException.Cause.RATE,
                100,
                200,
                1,
                0.25,
                Duration.ofNanos(7_500_001));
        assertThat(refusal)
                .hasMessage("tenant t7 exceeds its quota SIGNALS_PER_SECOND (RATE): requested 1, limit 100, burst 200,"
                        + " observed 0.25; retry after 8 ms");
        assertThat(refusal.getStackTrace()).isEmpty();
        assertThat(refusal.isRetryable()).isTrue();
        assertThat(refusal.outcome()).isEqualTo(Outcome.NOT_APPLIED);
    }

    @Test
    @DisplayName("a write larger than the quota ever allows is told to split")
    void neverFits() {
        QuotaExceededException refusal = new QuotaExceededException(
                TenantId.of(7),
                QuotaExceededException.Quota.SIGNALS_PER_SECOND,
                QuotaExceededException.Cause.NEVER,
                100,
                200,
                201,
                200,
                null);
        assertThat(refusal.isRetryable()).isFalse();
        assertThat(refusal).hasMessageContaining("split the write");
    }

    @Test
    @DisplayName("damage names file, offset, expected and actual")
    void damageSaysWhere() {
        CorruptLogException damage = new CorruptLogException("t42/r0:s0", "tenants/42/wal/x.seg", 64, "0x1", "0x2");
        assertThat(damage)
                .hasMessageContaining("t42/r0:s0")
                .hasMessageContaining("tenants/42/wal/x.seg at offset 64: expected 0x1, found 0x2");
        assertThat(damage.outcome()).isEqualTo(Outcome.FATAL);
    }
}
