package io.tidaldb.server.http;

import io.javalin.http.Context;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.server.auth.Authenticator;
import io.tidaldb.server.auth.Caller;
import io.tidaldb.server.auth.FailedAttempts;
import io.tidaldb.server.auth.Scope;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets requests through to the routes that they may call, before anything of them is looked at. */
final class Gate {

    private static final Logger LOG = LoggerFactory.getLogger(Gate.class);
    private static final String SCHEME = "Bearer ";

    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[?(::1|0:0:0:0:0:0:0:1)]?", Pattern.CASE_INSENSITIVE);

    private final Authenticator authenticator;
    private final FailedAttempts failures = new FailedAttempts();

    Gate(Authenticator authenticator) {
        this.authenticator = authenticator;
    }

    /** @throws Refusal UNAUTHENTICATED, TOO_MANY_ATTEMPTS or FORBIDDEN */
    void check(Context context, Route route) {
        if (route.access() == Access.OPEN) {
            return;
        }
        if (!authenticator.isRequired()) {
            checkHost(context);
            return;
        }
        Caller caller = caller(context);
        boolean allowed = switch (route.access()) {
            case OPEN, KNOWN -> true;
            case OPERATOR -> caller.may(Scope.OPERATOR, null);
            case READ_IN_QUERY -> caller.may(Scope.READ, tenantInQuery(context));
            case READ -> caller.may(Scope.READ, tenant(context));
            case WRITE -> caller.may(Scope.WRITE, tenant(context));
        };
        if (!allowed) {
            LOG.warn("refused {} to token {} from {}", route.name(), caller.name(), context.ip());
            // The same whether the tenant is there or not: another tenant's token learns nothing.
            throw new Refusal(Refusal.Code.FORBIDDEN, "the token does not allow this");
        }
    }

    /** Returns whether an open route may tell the caller all: never a reason to refuse. */
    boolean isOperator(Context context) {
        if (!authenticator.isRequired()) {
            String host = context.req().getServerName();
            return host != null && LOOPBACK.matcher(host).matches();
        }
        return presented(context)
                .filter(caller -> caller.may(Scope.OPERATOR, null))
                .isPresent();
    }

    // Without tokens everybody on this machine is operator, but no web page from elsewhere is, nor one whose name was
    // made to point here.
    private static void checkHost(Context context) {
        String host = context.req().getServerName();
        if (host == null || !LOOPBACK.matcher(host).matches()) {
            throw new Refusal(
                    Refusal.Code.FORBIDDEN,
                    "the Host is not this machine: without auth.tokens expected localhost or a loopback address");
        }
        String origin = context.header("Origin");
        if (origin != null && !origin.endsWith("://" + context.header("Host"))) {
            throw new Refusal(
                    Refusal.Code.FORBIDDEN,
                    "the request comes from a page of another site: without auth.tokens only this node's own may ask");
        }
    }

    /** Returns in whose name a request that was let through changes something. */
    Actor actor(Context context) {
        String who = authenticator.isRequired()
                ? presented(context).map(caller -> "token " + caller.name()).orElse("nobody")
                : Caller.LOCAL_OPERATOR.name();
        return new Actor(who, context.ip());
    }

    private static @Nullable TenantId tenantInQuery(Context context) {
        String tenant = context.queryParam("tenant");
        return tenant == null ? null : TenantId.parse(tenant);
    }

    private static TenantId tenant(Context context) {
        return TenantId.parse(context.pathParam("tenant"));
    }

    private Caller caller(Context context) {
        return presented(context).orElseThrow(() -> refusal(context, context.header("Authorization") != null));
    }

    private Optional<Caller> presented(Context context) {
        String header = context.header("Authorization");
        return header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                ? Optional.empty()
                : authenticator.caller(header.substring(SCHEME.length()).strip(), Instant.now());
    }

    private Refusal refusal(Context context, boolean presented) {
        OptionalInt wait = presented ? failures.failed(context.ip(), System.nanoTime()) : OptionalInt.empty();
        return wait.isPresent()
                ? new Refusal(
                        Refusal.Code.TOO_MANY_ATTEMPTS,
                        "too many requests with tokens that are not valid came from this address",
                        wait.getAsInt())
                : new Refusal(
                        Refusal.Code.UNAUTHENTICATED,
                        presented
                                ? "the token is not known, or it has expired"
                                : "a token is missing: expected the header Authorization: Bearer TOKEN");
    }
}
