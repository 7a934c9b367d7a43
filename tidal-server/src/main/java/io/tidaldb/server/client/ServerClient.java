package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Talks to the first of several servers that can be reached, and stays with it. Connections, requests and answers are bounded in time and
 * size. Safe for any number of threads.
 */
public final class ServerClient implements AutoCloseable {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final int THREADS = 2;
    private static final int MAX_TASKS = 4_096;
    private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]{1,1024}");

    private final List<URI> servers;
    private final @Nullable String token;
    private final ThreadPoolExecutor threads;
    private final HttpClient client;
    private volatile int preferred;

    /**
     * Prepares to talk; nothing is sent yet.
     *
     * @param urls {@code http://HOST:PORT} or {@code https://HOST:PORT}, separated by commas, in order of preference
     * @param token or null for none
     * @param certificates a PEM file of certificates to believe beside those of the system, or null
     * @throws TidalException INVALID_ARGUMENT if an argument is malformed, or the token would be sent in the clear
     * @throws IOException if the certificates can't be read
     */
    public ServerClient(String urls, @Nullable String token, @Nullable Path certificates) throws IOException {
        this.servers = ServerUrls.parse(urls);
        this.token = token;
        if (token != null) {
            if (!TOKEN.matcher(token).matches()) {
                throw TidalException.invalid("the token is not one: expected printable characters without spaces");
            }
            ServerUrls.checkSecret(servers);
        }
        AtomicInteger number = new AtomicInteger();
        this.threads = new ThreadPoolExecutor(
                THREADS, THREADS, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_TASKS), task -> {
                    Thread thread = new Thread(task, "tidal-client-" + number.getAndIncrement());
                    thread.setDaemon(true);
                    return thread;
                });
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT)
                .executor(threads);
        if (certificates != null) {
            builder.sslContext(Trust.with(certificates));
        }
        this.client = builder.build();
    }

    /**
     * Asks, and waits for the answer.
     *
     * @throws TidalException what the server's store says, or PEER_UNAVAILABLE if no server answers
     * @throws ServerException any other refusal
     */
    public ObjectNode call(Request request) {
        try {
            return send(request).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw e;
        }
    }

    /** Asks; fails as {@link #call} does. */
    public CompletableFuture<ObjectNode> send(Request request) {
        return attempt(request, preferred, 1);
    }

    /**
     * Asks one server after the other, again and again, until one of them does it, or says that none would; fails as {@link #call} does.
     *
     * @param request one that can be repeated
     * @param deadline how long an answer is of use
     */
    public CompletableFuture<ObjectNode> insist(Request request, Duration deadline) {
        if (!request.repeatable()) {
            throw new IllegalArgumentException("asked for twice, it may have another effect: " + request.path());
        }
        return insist(new Persistence(request, System.nanoTime() + deadline.toNanos()), preferred, 0);
    }

    private CompletableFuture<ObjectNode> insist(Persistence asked, int server, int failures) {
        return answer(asked.request(), server, asked.patience())
                .thenApply(attempt -> asked.outcome(() -> content(server, asked.request(), attempt)))
                .thenCompose(outcome -> {
                    if (outcome.answer() != null) {
                        preferred = server;
                        return CompletableFuture.completedFuture(outcome.answer());
                    }
                    OptionalLong pause = asked.pauseMillis(outcome, failures, servers.size());
                    if (pause.isEmpty()) {
                        return CompletableFuture.failedFuture(Objects.requireNonNull(outcome.failure()));
                    }
                    int next = (server + 1) % servers.size();
                    return CompletableFuture.runAsync(
                                    () -> {},
                                    CompletableFuture.delayedExecutor(
                                            pause.getAsLong(), TimeUnit.MILLISECONDS, threads))
                            .thenCompose(passed -> insist(asked, next, failures + 1));
                });
    }

    /**
     * Asks for a long answer, which is read as it comes and is the caller's to close.
     *
     * @throws TidalException as {@link #call}
     */
    public InputStream stream(Request request) {
        RuntimeException last = null;
        for (int number = 0; number < servers.size(); number++) {
            int server = (preferred + number) % servers.size();
            try {
                return stream(request, server);
            } catch (TidalException e) {
                if (!Persistence.isPassing(e)) {
                    throw e;
                }
                last = e;
            }
        }
        throw Objects.requireNonNull(last);
    }

    /**
     * Sends a long body to the first server that can be reached; fails as {@link #call} does.
     *
     * @param body opens it from its beginning
     */
    public ObjectNode upload(Request request, Supplier<InputStream> body) {
        RuntimeException last = null;
        for (int number = 0; number < servers.size(); number++) {
            int server = (preferred + number) % servers.size();
            HttpRequest http = HttpRequest.newBuilder(
                            http(servers.get(server), request, request.patience()), (name, value) -> true)
                    .method(request.method(), HttpRequest.BodyPublishers.ofInputStream(body))
                    .header("Content-Type", "application/octet-stream")
                    .build();
            Attempt attempt = client.sendAsync(http, info -> new BoundedAnswer())
                    .handle(Attempt::new)
                    .join();
            Throwable failure = attempt.failure;
            if (failure == null || !neverConnected(failure)) {
                return content(server, request, attempt);
            }
            last = unreachable(servers.get(server), request, failure);
        }
        throw Objects.requireNonNull(last);
    }

    private InputStream stream(Request request, int server) {
        try {
            HttpResponse<InputStream> response = client.sendAsync(
                            http(servers.get(server), request, request.patience()), ServerClient::streamed)
                    .orTimeout(request.patience().toSeconds() + 1, TimeUnit.SECONDS)
                    .join();
            if (response.statusCode() == 200) {
                return response.body();
            }
            throw refusal(
                    servers.get(server),
                    request,
                    response.statusCode(),
                    json(response.body().readAllBytes()));
        } catch (CompletionException | IOException e) {
            throw unreachable(servers.get(server), request, e);
        }
    }

    private static HttpResponse.BodySubscriber<InputStream> streamed(HttpResponse.ResponseInfo info) {
        return info.statusCode() == 200
                ? new StreamedAnswer()
                : HttpResponse.BodySubscribers.mapping(new BoundedAnswer(), ByteArrayInputStream::new);
    }

    private CompletableFuture<ObjectNode> attempt(Request request, int server, int number) {
        return answer(request, server, request.patience())
                .thenCompose(attempt -> concluded(request, server, number, attempt));
    }

    private CompletableFuture<Attempt> answer(Request request, int server, Duration patience) {
        return client.sendAsync(http(servers.get(server), request, patience), info -> new BoundedAnswer())
                .orTimeout(patience.toMillis() + 1_000, TimeUnit.MILLISECONDS)
                .handle(Attempt::new);
    }

    /** What came of it: an answer, or why there is none. */
    private record Attempt(
            @Nullable HttpResponse<byte[]> response,
            @Nullable Throwable failure) {}

    private CompletableFuture<ObjectNode> concluded(Request request, int server, int number, Attempt attempt) {
        int next = (server + 1) % servers.size();
        HttpResponse<byte[]> response = attempt.response;
        if (response == null) {
            Throwable failure = Objects.requireNonNull(attempt.failure);
            return mayTryAgain(request, failure, number)
                    ? attempt(request, next, number + 1)
                    : CompletableFuture.failedFuture(unreachable(servers.get(server), request, failure));
        }
        // What it refuses before it begins can be asked of another.
        if (response.statusCode() == 503 && isUnavailable(response) && number < servers.size()) {
            return attempt(request, next, number + 1);
        }
        preferred = server;
        try {
            return CompletableFuture.completedFuture(content(server, request, attempt));
        } catch (TidalException | ServerException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Each server is tried once; where an answer was lost, which may be the fault of an old connection, twice. */
    private boolean mayTryAgain(Request request, Throwable failure, int attempts) {
        if (Trust.isMissing(unwrapped(failure))) {
            return false;
        }
        return neverConnected(failure)
                ? attempts < servers.size()
                : request.repeatable() && attempts < Math.max(2, servers.size());
    }

    private HttpRequest http(URI server, Request request, Duration patience) {
        JsonNode body = request.body();
        HttpRequest.Builder http = HttpRequest.newBuilder(URI.create(server + request.path()))
                .timeout(patience)
                .header("Accept", "application/json")
                .method(
                        request.method(),
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body.toString(), StandardCharsets.UTF_8));
        if (body != null) {
            http.header("Content-Type", "application/json");
        }
        if (request.key() != null) {
            http.header("Idempotency-Key", request.key().toString());
        }
        if (token != null) {
            http.header("Authorization", "Bearer " + token);
        }
        return http.build();
    }

    private ObjectNode content(int server, Request request, Attempt attempt) {
        HttpResponse<byte[]> response = attempt.response;
        if (response == null) {
            throw unreachable(servers.get(server), request, Objects.requireNonNull(attempt.failure));
        }
        JsonNode content = json(response.body());
        if (response.statusCode() / 100 == 2 && content instanceof ObjectNode answer) {
            return answer;
        }
        throw refusal(servers.get(server), request, response.statusCode(), content);
    }

    private static RuntimeException refusal(URI server, Request request, int status, JsonNode content) {
        return content.path("code").isTextual()
                ? Problems.of(server, request.path(), content)
                : new ServerException(server + " answers with status " + status
                        + " and not as a Tidal node does: is it one? Expected the address that its READY line names");
    }

    private static boolean isUnavailable(HttpResponse<byte[]> response) {
        return json(response.body()).path("code").asText().equals("UNAVAILABLE");
    }

    private static JsonNode json(byte[] body) {
        try {
            return MAPPER.readTree(body);
        } catch (IOException e) {
            return MAPPER.missingNode();
        }
    }

    private TidalException unreachable(URI server, Request request, Throwable failure) {
        Throwable cause = unwrapped(failure);
        String reason = Problems.safe(
                String.valueOf(cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage()));
        String message;
        if (Trust.isMissing(cause)) {
            message = "server " + server + " is not trusted, or does not speak TLS: " + reason
                    + "; name its certificate, or the one that signed it, with --cacert FILE";
        } else if (neverConnected(cause)) {
            message = (servers.size() == 1
                            ? "server " + server + " can't be reached"
                            : "none of the servers " + servers + " can be reached")
                    + ": start one with tidal node, name another with --server URL, or open a directory with"
                    + " --data-dir DIR";
        } else {
            message = "server " + server + " did not answer: " + reason
                    + (request.repeatable() ? "" : "; it may have done it: look before you repeat it");
        }
        return new TidalException(ErrorCode.PEER_UNAVAILABLE, message, cause);
    }

    private static boolean neverConnected(Throwable failure) {
        Throwable cause = unwrapped(failure);
        return cause instanceof ConnectException
                || cause instanceof HttpConnectTimeoutException
                || cause instanceof SSLException && !Trust.isMissing(cause);
    }

    private static Throwable unwrapped(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    @Override
    public void close() {
        threads.shutdown();
    }
}
