package io.tidaldb.core.remote;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.time.Duration;

/** Turns what another node refuses into what the caller is told. */
public final class Refusals {

    private Refusals() {}

    /** Returns the failure that a refusal stands for; UNSUPPORTED for one that only a newer node knows. */
    public static TidalException reason(TenantId tenant, Answer.Refused refused) {
        Answer.Quota quota = refused.quota();
        try {
            if (quota != null) {
                return new QuotaExceededException(
                        tenant,
                        QuotaExceededException.Quota.valueOf(quota.quota()),
                        QuotaExceededException.Cause.valueOf(quota.cause()),
                        quota.limit(),
                        quota.burst(),
                        quota.requested(),
                        quota.observed(),
                        quota.retryAfterNanos() == null ? null : Duration.ofNanos(quota.retryAfterNanos()));
            }
            return new TidalException(ErrorCode.valueOf(refused.code()), refused.message());
        } catch (IllegalArgumentException e) {
            return new TidalException(
                    ErrorCode.UNSUPPORTED, "a newer node refused as " + refused.code() + ": " + refused.message(), e);
        }
    }
}
