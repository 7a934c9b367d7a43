package io.tidaldb.server.http.exchange;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.body.RequestJson;
import io.tidaldb.server.http.body.Text;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A request and its answer, as a route sees them. Used by one thread at a time. */
public final class Exchange {

    private static final Duration BODY_PATIENCE = Duration.ofSeconds(60);
    private static final Duration DISCARD_PATIENCE = Duration.ofSeconds(2);
    private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(60);

    private final Context context;
    private final Route route;
    private final NodeState node;
    private final Executor executor;
    private final long bodyBytes;
    private final Uploads uploads;
    private final Gate gate;
    private boolean bodyKept;

    /** @param bodyBytes how large a body may be */
    public Exchange(
            Context context,
            Route route,
            NodeState node,
            Executor executor,
            long bodyBytes,
            Uploads uploads,
            Gate gate) {
        this.gate = gate;
        this.context = context;
        this.route = route;
        this.node = node;
        this.executor = executor;
        this.bodyBytes = bodyBytes;
        this.uploads = uploads;
    }

    /** Lets the route answer. While the body comes in, the request counts among the uploads. */
    public void serve() throws Exception {
        if (route.bodies().isEmpty()) {
            check();
            route.handler().handle(this);
            return;
        }
        uploads.begin();
        try {
            check();
            route.handler().handle(this);
        } catch (Exception e) {
            discardBody();
            throw e;
        } finally {
            if (!bodyKept) {
                uploads.end();
            }
        }
    }

    /** The body goes on to be read after the route has returned; {@link #endBody} must follow. */
    public void keepBody() {
        bodyKept = true;
    }

    /** The body has been read. */
    public void endBody() {
        uploads.end();
    }

    /** Reads the rest of a body that is refused: many clients look at the answer only when they have sent all. */
    public void discardBody() {
        long announced = context.req().getContentLengthLong();
        if (announced < 0 || announced > bodyBytes) {
            return;
        }
        byte[] rest = new byte[8 << 10];
        try (InputStream body = new BoundedBody(context.req().getInputStream(), bodyBytes, DISCARD_PATIENCE)) {
            int read = body.read(rest);
            while (read >= 0) {
                read = body.read(rest);
            }
        } catch (IOException | Refusal e) {
            // It does not come: then the answer goes out without it.
            return;
        }
    }

    /** Refuses parameters that the route does not have, or that come twice, and bodies that it does not take. */
    private void check() {
        context.queryParamMap().forEach((name, values) -> {
            if (!route.queryByName().containsKey(name)) {
                throw TidalException.invalid("query parameter \"" + Text.safe(name) + "\" is unknown: expected "
                        + (route.query().isEmpty()
                                ? "none"
                                : String.join(", ", route.queryByName().keySet())));
            }
            if (values.size() != 1) {
                throw TidalException.invalid("query parameter " + name + " is given " + values.size() + " times");
            }
        });
        if (!route.bodies().isEmpty()) {
            checkBody();
        }
    }

    private void checkBody() {
        String encoding = context.header("Content-Encoding");
        if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
            throw new Refusal(
                    Refusal.Code.UNSUPPORTED_MEDIA_TYPE, "the body is encoded: expected it without Content-Encoding");
        }
        if (!route.takes(mediaType())) {
            throw new Refusal(
                    Refusal.Code.UNSUPPORTED_MEDIA_TYPE,
                    "the Content-Type is not known: expected " + route.mediaTypes());
        }
        if (context.req().getContentLengthLong() > bodyBytes && !route.takes(MediaTypes.OCTETS)) {
            throw BoundedBody.tooLarge(bodyBytes);
        }
    }

    /** Returns the media type of the body, without parameters. */
    public String mediaType() {
        String type = context.contentType();
        String plain = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        return plain.equals("application/ndjson") ? MediaTypes.NDJSON : plain;
    }

    /** Returns the open store; refuses with UNAVAILABLE until there is one. */
    public Tidal tidal() {
        return node.tidal();
    }

    /** Returns the store, whose changes are recorded as the caller's. */
    public Tidal acting() {
        return tidal().as(gate.actor(context));
    }

    /** Returns whom the path names, whether it exists or not. */
    public TenantId tenantId() {
        return TenantId.parse(path("tenant"));
    }

    /** @throws TidalException TENANT_NOT_FOUND */
    public Tenant tenant() {
        TenantId id = tenantId();
        return tidal().tenant(id).orElseThrow(() -> NotFound.tenant(id));
    }

    /** Returns a parameter of the path. */
    public String path(String name) {
        return context.pathParam(name);
    }

    /** Returns a parameter of the query, if it is there. */
    public Optional<String> query(String name) {
        return Optional.ofNullable(context.queryParam(name));
    }

    /** Returns whether the query says true; without a word it does not. */
    public boolean truth(String name) {
        return query(name)
                .map(text -> {
                    if (!text.equals("true") && !text.equals("false")) {
                        throw TidalException.invalid(
                                "query parameter " + name + " is \"" + Text.safe(text) + "\": expected true or false");
                    }
                    return text.equals("true");
                })
                .orElse(false);
    }

    /** Returns a header, if it is there. */
    public Optional<String> header(String name) {
        return Optional.ofNullable(context.header(name));
    }

    /** Returns the body as it comes, bounded in size and time. */
    public InputStream stream() throws IOException {
        return new BoundedBody(context.req().getInputStream(), bodyBytes, BODY_PATIENCE);
    }

    /** Returns the body as it comes, of any size, for as long as it keeps coming. */
    public InputStream largeBody(Duration patience) throws IOException {
        return new BoundedBody(context.req().getInputStream(), Long.MAX_VALUE, patience);
    }

    /** Returns the body, a JSON object. */
    public Fields body() throws IOException {
        return RequestJson.object(stream());
    }

    /** Returns whether the caller may see everything; for routes that answer others, too. */
    public boolean isOperator() {
        return gate.isOperator(context);
    }

    /** Returns the framework's view of the request; for streams of events. */
    public Context context() {
        return context;
    }

    /** Returns who works for requests; never a thread that completes writes. */
    public Executor executor() {
        return executor;
    }

    /** Answers with JSON. */
    public void answer(int status, ObjectNode content) {
        answer(status, MediaTypes.JSON, Json.print(content));
    }

    /** Answers with text. */
    public void answer(int status, String mediaType, String content) {
        context.status(status).contentType(mediaType).result(content.getBytes(StandardCharsets.UTF_8));
    }

    /** Answers when a result is there; no thread waits for it. */
    public void answerLater(int status, CompletionStage<ObjectNode> result) {
        answerLater(status, result, ANSWER_PATIENCE);
    }

    /** Answers when a result is there, or refuses with DEADLINE_EXCEEDED when it is not in time. */
    public void answerLater(int status, CompletionStage<ObjectNode> result, Duration patience) {
        context.future(() -> result.toCompletableFuture()
                .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
                .handleAsync(
                        (content, failure) -> {
                            if (failure == null) {
                                answer(status, content);
                            } else {
                                refuse(failure, null);
                            }
                            return content;
                        },
                        executor));
    }

    /** Answers with a failure, and with how many signals were acknowledged if that is known. */
    public void refuse(Throwable failure, @Nullable Long accepted) {
        node.failed(failure);
        Problem problem = Problem.of(failure);
        respond(context, accepted == null ? problem : problem.accepted(accepted));
    }

    /** Answers with a problem. */
    public static void respond(Context context, Problem problem) {
        Integer retry = problem.retryAfterSeconds();
        if (retry != null) {
            context.header("Retry-After", retry.toString());
        }
        if (problem.status() == 401) {
            context.header("WWW-Authenticate", "Bearer");
        }
        context.status(problem.status())
                .contentType(MediaTypes.PROBLEM)
                .result(Json.print(problem.body()).getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the values of a list in the query, separated by commas. */
    public static List<String> commaSeparated(@Nullable String text) {
        return text == null ? List.of() : List.of(text.split(",", -1));
    }
}
