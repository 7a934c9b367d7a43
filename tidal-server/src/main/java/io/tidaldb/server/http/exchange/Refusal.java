package io.tidaldb.server.http.exchange;

import org.jspecify.annotations.Nullable;

/** A request that is refused for what it is as a request; everything else is a {@link io.tidaldb.api.TidalException}. */
public final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Why; the names are stable and appear as {@code code}. */
    public enum Code {
        /** The request is no HTTP that this server understands. */
        BAD_REQUEST(400),
        /** There is no token, or it is not known, or it has expired. */
        UNAUTHENTICATED(401),
        /** The token does not allow this. */
        FORBIDDEN(403),
        /** There is no such route. */
        NOT_FOUND(404),
        /** The route is there, but not with this method. */
        METHOD_NOT_ALLOWED(405),
        /** The body did not come in time. */
        REQUEST_TIMEOUT(408),
        /** The body is too large. */
        BODY_TOO_LARGE(413),
        /** The body is of a type, or in an encoding, that the route does not take. */
        UNSUPPORTED_MEDIA_TYPE(415),
        /** The request can't be processed as it is. */
        UNPROCESSABLE(422),
        /** Too many requests with wrong tokens came from this address. */
        TOO_MANY_ATTEMPTS(429),
        /** The header is too large. */
        HEADER_TOO_LARGE(431),
        /** The node is starting, or stopping, or has as many requests under way as it takes. */
        UNAVAILABLE(503),
        /** The server failed. */
        FAILED(500);

        private final int status;

        Code(int status) {
            this.status = status;
        }

        int status() {
            return status;
        }

        /** Returns the code for a status that was made elsewhere. */
        static Code of(int status) {
            for (Code code : values()) {
                if (code.status == status) {
                    return code;
                }
            }
            // 505 is the sender's choice of a version, too.
            return status < 500 || status == 505 ? BAD_REQUEST : FAILED;
        }
    }

    private final Code code;
    private final @Nullable Integer retryAfterSeconds;

    /** To come back later is no use. */
    public Refusal(Code code, String detail) {
        this(code, detail, null);
    }

    /** @param retryAfterSeconds when to come back, or null if that is no question of time */
    public Refusal(Code code, String detail, @Nullable Integer retryAfterSeconds) {
        super(detail, null, false, false);
        this.code = code;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    Code code() {
        return code;
    }

    @Nullable
    Integer retryAfterSeconds() {
        return retryAfterSeconds;
    }
}
