package io.tidaldb.server.http.exchange;

import io.javalin.http.Context;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.server.auth.AccessLog;
import io.tidaldb.server.auth.Attempt;
import io.tidaldb.server.auth.Authenticator;
import io.tidaldb.server.auth.Caller;
import io.tidaldb.server.auth.FailedAttempts;
import io.tidaldb.server.auth.Scope;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Lets requests through to the routes that they may call, before anything of them is looked at. */
public final class Gate {

    private static final String SCHEME = "Bearer ";
    private static final String NOBODY = "nobody";
    private static final String NOTED = "tidal.noted";
    private static final String ROUTE = "tidal.asked";

    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[?(::1|0:0:0:0:0:0:0:1)]?", Pattern.CASE_INSENSITIVE);

    private final Authenticator authenticator;
    private final FailedAttempts failures = new FailedAttempts();

    private final NodeState node;
    private final AccessLog log;

    /** Begins to note attempts, and changes of the file of tokens, in the log of the node. */
    public Gate(Authenticator authenticator, NodeState node) {
        this.authenticator = authenticator;
        this.node = node;
        this.log = node.access();
        Actor file = new Actor("local", "file");
        authenticator.listen((id, added) -> log.note(new Attempt(
                file, true, added ? "token in the file" : "token no more in the file", null, id, null, null)));
    }

    /** @throws Refusal UNAUTHENTICATED, TOO_MANY_ATTEMPTS or FORBIDDEN */
    public void check(Context context, Route route) {
        context.attribute(ROUTE, route);
        if (route.access() == Access.OPEN) {
            return;
        }
        if (!authenticator.isRequired()) {
            checkHost(context, route);
            return;
        }
        Caller caller = caller(context, route);
        boolean allowed = switch (route.access()) {
            case OPEN, KNOWN -> true;
            case OPERATOR -> caller.may(Scope.OPERATOR, null);
            case READ_IN_QUERY -> caller.may(Scope.READ, tenantInQuery(context));
            case READ -> caller.may(Scope.READ, tenant(context));
            case WRITE -> caller.may(Scope.WRITE, tenant(context));
        };
        if (!allowed) {
            note(context, "token " + caller.name(), route, Refusal.Code.FORBIDDEN, lacking(route.access(), caller));
            // The same whether the tenant is there or not: another tenant's token learns nothing.
            throw new Refusal(Refusal.Code.FORBIDDEN, "the token does not allow this");
        }
    }

    private static String lacking(Access access, Caller caller) {
        boolean other = access == Access.WRITE && caller.scopes().contains(Scope.WRITE)
                || (access == Access.READ || access == Access.READ_IN_QUERY)
                        && caller.scopes().contains(Scope.READ);
        return other ? "the token is for other tenants" : "the token's scope is too low";
    }

    private void note(Context context, String who, Route route, Refusal.Code code, String reason) {
        context.attribute(NOTED, true);
        boolean known = !who.equals(NOBODY);
        log.note(new Attempt(
                new Actor(who, context.ip()),
                known,
                route.name(),
                known ? asked(context) : null,
                null,
                code.name(),
                reason));
    }

    /** A request has its answer: what an operator changes is noted, and so is what he could not. */
    public void after(Context context) {
        @Nullable Route route = context.attribute(ROUTE);
        if (route != null
                && route.access() == Access.OPERATOR
                && route.method() != Method.GET
                && context.attribute(NOTED) == null) {
            log.note(new Attempt(
                    actor(context),
                    true,
                    route.name(),
                    asked(context),
                    null,
                    context.statusCode() < 400 ? null : "HTTP_" + context.statusCode(),
                    null));
        }
    }

    /** Returns the tenant that a path names; null if it names none, or something that is none. */
    private static @Nullable TenantId asked(Context context) {
        String tenant = context.pathParamMap().get("tenant");
        try {
            return tenant == null ? null : TenantId.parse(tenant);
        } catch (TidalException e) {
            return null;
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
    private void checkHost(Context context, Route route) {
        String host = context.req().getServerName();
        String origin = context.header("Origin");
        String wrong = null;
        if (host == null || !LOOPBACK.matcher(host).matches()) {
            wrong = "the Host is not this machine: without auth.tokens expected localhost or a loopback address";
        } else if (origin != null && !origin.endsWith("://" + context.header("Host"))) {
            wrong = "the request comes from a page of another site: without auth.tokens only this node's own may ask";
        }
        if (wrong != null) {
            note(context, NOBODY, route, Refusal.Code.FORBIDDEN, wrong);
            throw new Refusal(Refusal.Code.FORBIDDEN, wrong);
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

    private Caller caller(Context context, Route route) {
        String token = bearer(context);
        Authenticator.Verdict verdict =
                token == null ? new Authenticator.Verdict(null, NOBODY, "a token is missing") : verdict(token);
        Caller caller = verdict.caller();
        if (caller == null) {
            Refusal refusal = refusal(context, context.header("Authorization") != null);
            note(context, verdict.who(), route, refusal.code(), String.valueOf(verdict.reason()));
            throw refusal;
        }
        return caller;
    }

    private Optional<Caller> presented(Context context) {
        String token = bearer(context);
        return token == null
                ? Optional.empty()
                : Optional.ofNullable(verdict(token).caller());
    }

    // Who takes a token out of one node's file can't know that another one's does not have it.
    private Authenticator.Verdict verdict(String token) {
        Authenticator.Verdict verdict = authenticator.verdict(token, Instant.now());
        Caller caller = verdict.caller();
        return caller != null && node.isRevoked(caller.name())
                ? new Authenticator.Verdict(null, verdict.who(), "the token was revoked")
                : verdict;
    }

    private static @Nullable String bearer(Context context) {
        String header = context.header("Authorization");
        return header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                ? null
                : header.substring(SCHEME.length()).strip();
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
