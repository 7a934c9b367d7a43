package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.QuotaExceededException;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns problem documents into the failures that an embedded store would have thrown. */
final class Problems {

    private static final int MAX_TEXT = 2_000;
    private static final Pattern TENANT = Pattern.compile("/v1/tenants/(\\d+).*");

    private Problems() {}

    static RuntimeException of(URI server, String path, JsonNode problem) {
        String code = problem.path("code").asText();
        String detail = safe(problem.path("detail").asText());
        if (code.equals(ErrorCode.QUOTA_EXCEEDED.name())) {
            return quota(path, problem)
                    .map(RuntimeException.class::cast)
                    .orElseGet(() -> new TidalException(ErrorCode.QUOTA_EXCEEDED, detail));
        }
        return switch (code) {
            case "UNAUTHENTICATED" ->
                new ServerException(detail + "; give a token with --token or in TIDAL_TOKEN (" + code + ")");
            case "FORBIDDEN" ->
                new ServerException(detail + "; see tidal token list for what it allows (" + code + ")");
            // Less at a time is taken, and that is all that a sender has to know.
            case "BODY_TOO_LARGE" -> TidalException.invalid(detail);
            case "UNAVAILABLE" -> new TidalException(ErrorCode.OVERLOADED, detail);
            default ->
                known(code)
                        .<RuntimeException>map(store -> new TidalException(store, detail))
                        .orElseGet(() -> new ServerException(server + ": " + detail + " (" + safe(code) + ")"));
        };
    }

    /** Returns text from elsewhere without what would move a terminal's cursor, and not without end. */
    static String safe(String text) {
        StringBuilder safe = new StringBuilder();
        text.codePoints().limit(MAX_TEXT).forEach(c -> safe.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return safe.toString();
    }

    private static Optional<ErrorCode> known(String name) {
        return Arrays.stream(ErrorCode.values())
                .filter(code -> code.name().equals(name))
                .findFirst();
    }

    private static Optional<QuotaExceededException> quota(String path, JsonNode problem) {
        Matcher tenant = TENANT.matcher(path);
        if (!tenant.matches()) {
            return Optional.empty();
        }
        try {
            JsonNode wait = problem.path("retry_after_ms");
            return Optional.of(new QuotaExceededException(
                    TenantId.parse(tenant.group(1)),
                    QuotaExceededException.Quota.valueOf(problem.path("quota").asText()),
                    QuotaExceededException.Cause.valueOf(problem.path("cause").asText()),
                    problem.path("limit").asDouble(),
                    problem.path("burst").asDouble(),
                    problem.path("requested").asLong(),
                    problem.path("observed").asDouble(),
                    wait.isNumber() ? Duration.ofMillis(Math.max(0, wait.asLong())) : null));
        } catch (IllegalArgumentException e) {
            // A newer server may have quotas that this version can't name.
            return Optional.empty();
        }
    }
}
