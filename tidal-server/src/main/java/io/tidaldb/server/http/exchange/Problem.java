package io.tidaldb.server.http.exchange;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.HttpResponseException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpStatus;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An error as it is answered: RFC 9457, with the stable code.
 *
 * @param retryAfterSeconds when to come back, rounded up, or null
 */
public record Problem(int status, ObjectNode body, @Nullable Integer retryAfterSeconds) {

    private static final Logger LOG = LoggerFactory.getLogger(Problem.class);
    private static final long OVERLOAD_PAUSE_MILLIS = 100;

    /** What goes wrong in a store has reasons that name files, which may be those of other tenants. */
    private static final Set<ErrorCode> STORE =
            EnumSet.of(ErrorCode.STORE_FAILED, ErrorCode.STORAGE_FULL, ErrorCode.CORRUPT_LOG, ErrorCode.CORRUPT_DATA);

    /** Returns what a failure is answered with. What the server is to blame for is logged, and its reason stays here. */
    public static Problem of(Throwable failure) {
        Throwable cause = unwrapped(failure);
        if (cause instanceof Refusal refusal) {
            return of(refusal.code(), String.valueOf(refusal.getMessage()), refusal.retryAfterSeconds());
        }
        if (cause instanceof TidalException store) {
            return of(store);
        }
        if (cause instanceof HttpResponseException framework) {
            return of(framework.getStatus(), null);
        }
        if (cause instanceof TimeoutException) {
            return of(new TidalException(
                    ErrorCode.DEADLINE_EXCEEDED,
                    "the request was not done in time; it may still be: repeat it with the same Idempotency-Key"));
        }
        if (cause instanceof IOException) {
            return cause.getCause() instanceof TimeoutException
                    ? of(Refusal.Code.REQUEST_TIMEOUT, "the body did not come in time", null)
                    : of(Refusal.Code.BAD_REQUEST, "the body ended early", null);
        }
        LOG.error("a request failed", cause);
        return of(Refusal.Code.FAILED, "the server failed; its log says why", null);
    }

    /** Returns what a status is answered with that was made below the routes. */
    public static Problem of(int status, @Nullable String reason) {
        Refusal.Code code = Refusal.Code.of(status);
        String detail = switch (code) {
            case NOT_FOUND -> "there is no such route: see /v1/openapi.json";
            case METHOD_NOT_ALLOWED -> "the route is not there with this method: see /v1/openapi.json";
            case HEADER_TOO_LARGE -> "the header is too large: expected at most 8 KiB";
            case UNAVAILABLE -> "the node is stopping: try another, or this one later";
            case FAILED -> "the server failed; its log says why";
            default -> reason == null ? "the request is not valid" : reason;
        };
        return of(status, code.name(), detail, code == Refusal.Code.UNAVAILABLE ? 1 : null);
    }

    /** Returns the same problem of a request of which so many signals were acknowledged. */
    Problem accepted(long signals) {
        body.put("accepted", signals);
        return this;
    }

    private static Problem of(Refusal.Code code, String detail, @Nullable Integer retryAfterSeconds) {
        return of(code.status(), code.name(), detail, retryAfterSeconds);
    }

    private static Problem of(TidalException failure) {
        int status = ErrorStatus.of(failure);
        if (failure instanceof QuotaExceededException quota) {
            return quota(status, quota);
        }
        if (failure.code() == ErrorCode.OVERLOADED) {
            Problem problem = of(status, failure.code().name(), String.valueOf(failure.getMessage()), 1);
            problem.body.put("cause", "OVERLOAD").put("accepted", 0).put("retry_after_ms", OVERLOAD_PAUSE_MILLIS);
            return problem;
        }
        if (status == 500) {
            LOG.error("a request failed", failure);
            return of(status, failure.code().name(), "the server failed; its log says why", null);
        }
        if (STORE.contains(failure.code())) {
            LOG.warn("a request was not served: {}", failure.getMessage());
            return of(
                    status, failure.code().name(), "the node can't serve this from its store; its log says why", null);
        }
        Integer retry = status == 503 && failure.isRetryable() ? 1 : null;
        return of(status, failure.code().name(), String.valueOf(failure.getMessage()), retry);
    }

    private static Problem quota(int status, QuotaExceededException refusal) {
        Long millis =
                refusal.retryAfter() == null ? null : (refusal.retryAfter().toNanos() + 999_999) / 1_000_000;
        Integer seconds = millis == null ? null : (int) Math.min(Integer.MAX_VALUE, (millis + 999) / 1_000);
        Problem problem = of(status, refusal.code().name(), refusal.getMessage(), seconds);
        problem.body
                .put("quota", refusal.quota().name())
                .put("scope", "tenant")
                .put("cause", refusal.cause().name())
                .put("limit", refusal.limit())
                .put("burst", refusal.burst())
                .put("requested", refusal.requested())
                .put("observed", refusal.observed())
                .put("accepted", 0)
                .put("retry_after_ms", millis);
        return problem;
    }

    private static Problem of(int status, String code, String detail, @Nullable Integer retryAfterSeconds) {
        ObjectNode body = Json.object()
                .put("type", "about:blank")
                .put("title", title(status))
                .put("status", status)
                .put("detail", detail)
                .put("code", code);
        return new Problem(status, body, retryAfterSeconds);
    }

    private static String title(int status) {
        HttpStatus.Code known = HttpStatus.getCode(status);
        return known == null ? "Error" : known.getMessage();
    }

    static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
