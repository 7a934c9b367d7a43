package io.tidaldb.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A page in the system's Chromium, without a window, driven by its DevTools protocol: that needs no library, and no browser of one. Notes
 * what the page asks for, and everything that it complains of.
 */
final class Browser implements AutoCloseable {

    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome");
    private static final Pattern LISTENING = Pattern.compile("DevTools listening on ws://([^/]+)/");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final WebSocket socket;
    private final AtomicInteger calls = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final List<String> requested = new CopyOnWriteArrayList<>();

    private Browser(Process process) throws IOException, InterruptedException {
        this.process = process;
        HttpClient client = HttpClient.newHttpClient();
        URI pages = URI.create("http://" + address(process) + "/json/list");
        String page = Cli.parse(client.send(HttpRequest.newBuilder(pages).build(), HttpResponse.BodyHandlers.ofString())
                        .body())
                .findValues("webSocketDebuggerUrl")
                .get(0)
                .asText();
        socket = client.newWebSocketBuilder()
                .buildAsync(URI.create(page), new Ear())
                .join();
        Stream.of("Page", "Runtime", "Log", "Network").forEach(domain -> call(domain + ".enable", object()));
    }

    /** Starts one, or skips the test, in one line, where there is none. */
    static Browser open(Path work) throws IOException, InterruptedException {
        Optional<Path> program = Stream.of(System.getenv("PATH").split(":"))
                .flatMap(directory -> NAMES.stream().map(name -> Path.of(directory, name)))
                .filter(Files::isExecutable)
                .findFirst();
        if (program.isEmpty()) {
            System.out.println("dashboard: skipped, no Chromium is installed");
            Assumptions.abort("skipped: no Chromium is installed");
        }
        Process process = new ProcessBuilder(
                        program.orElseThrow().toString(),
                        "--headless=new",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--disable-background-networking",
                        "--hide-scrollbars",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + work.resolve("profile"),
                        "about:blank")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            return new Browser(process);
        } catch (IOException | RuntimeException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    private static String address(Process process) throws IOException {
        BufferedReader said = process.errorReader(StandardCharsets.UTF_8);
        StringBuilder all = new StringBuilder();
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            Matcher found = LISTENING.matcher(line);
            if (found.find()) {
                Thread drain = new Thread(() -> said.lines().forEach(ignored -> {}), "tidal-browser-0");
                drain.setDaemon(true);
                drain.start();
                return found.group(1);
            }
            all.append(line).append('\n');
        }
        throw new IOException("Chromium ended at once:\n" + all);
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    private JsonNode call(String method, ObjectNode parameters) {
        int number = calls.incrementAndGet();
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        answers.put(number, answer);
        ObjectNode message = object().put("id", number).put("method", method);
        message.set("params", parameters);
        socket.sendText(message.toString(), true).exceptionally(gone -> socket).join();
        JsonNode result =
                answer.orTimeout(PATIENCE.toMillis(), TimeUnit.MILLISECONDS).join();
        if (result.has("error")) {
            throw new IllegalStateException(method + ": " + result.get("error"));
        }
        return result.get("result");
    }

    /** Goes to an address, with nothing noted before. */
    void visit(String url) {
        complaints.clear();
        requested.clear();
        call("Page.navigate", object().put("url", url));
        await("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /** Returns the value of an expression in the page, awaited if it is a promise. */
    JsonNode evaluate(String expression) {
        JsonNode result = call(
                "Runtime.evaluate",
                object().put("expression", expression)
                        .put("awaitPromise", true)
                        .put("returnByValue", true)
                        .put("userGesture", true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(expression + ": " + result.get("exceptionDetails"));
        }
        return result.path("result").path("value");
    }

    /** Waits until an expression is true. */
    void await(String expression) {
        Await.passes(() -> {
            if (!evaluate("Boolean(" + expression + ")").asBoolean()) {
                throw new AssertionError("not so: " + expression + "; the page says\n"
                        + evaluate("document.body.innerText").asText());
            }
        });
    }

    /** Returns the text of the first element that a selector finds. */
    String text(String selector) {
        return evaluate("document.querySelector(" + quoted(selector) + ").innerText")
                .asText();
    }

    void click(String selector) {
        await("document.querySelector(" + quoted(selector) + ")");
        evaluate("document.querySelector(" + quoted(selector) + ").click()");
    }

    /** Fills a field as a person does, so that the page hears of it. */
    void fill(String selector, String text) {
        evaluate("(() => { const field = document.querySelector(" + quoted(selector) + "); field.value = "
                + quoted(text) + "; field.dispatchEvent(new Event('input', { bubbles: true })); })()");
    }

    /** Presses a key, such as Tab. */
    void press(String key) {
        for (String type : List.of("keyDown", "keyUp")) {
            call(
                    "Input.dispatchKeyEvent",
                    object().put("type", type)
                            .put("key", key)
                            .put("code", key)
                            .put("windowsVirtualKeyCode", key.equals("Tab") ? 9 : 27));
        }
    }

    private static String quoted(String text) {
        return JsonNodeFactory.instance.textNode(text).toString();
    }

    /** Makes the page this wide and high, in dark or light. */
    void look(int width, int height, boolean dark) {
        call(
                "Emulation.setDeviceMetricsOverride",
                object().put("width", width)
                        .put("height", height)
                        .put("deviceScaleFactor", 1)
                        .put("mobile", false));
        ObjectNode media = object();
        media.putArray("features")
                .addObject()
                .put("name", "prefers-color-scheme")
                .put("value", dark ? "dark" : "light");
        call("Emulation.setEmulatedMedia", media);
    }

    void screenshot(Path file) throws IOException {
        JsonNode taken = call("Page.captureScreenshot", object().put("format", "png"));
        Files.write(file, Base64.getDecoder().decode(taken.get("data").asText()));
    }

    /** Returns errors on the console, exceptions and refusals by the content security policy since the visit. */
    List<String> complaints() {
        return List.copyOf(complaints);
    }

    /** Returns the addresses that were asked for since the visit. */
    List<String> requested() {
        return List.copyOf(requested);
    }

    @Override
    public void close() {
        // Asked to end, it takes its links to elsewhere with it.
        socket.sendText("{\"id\":0,\"method\":\"Browser.close\"}", true).join();
        process.onExit()
                .completeOnTimeout(process, PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
        process.destroyForcibly();
    }

    private void heard(JsonNode message) {
        if (message.has("id")) {
            Optional.ofNullable(answers.remove(message.get("id").asInt())).ifPresent(each -> each.complete(message));
            return;
        }
        JsonNode about = message.path("params");
        switch (message.path("method").asText()) {
            case "Runtime.exceptionThrown" ->
                complaints.add(about.at("/exceptionDetails").toString());
            case "Runtime.consoleAPICalled" -> complain(about.path("type").asText(), about.path("args"));
            case "Log.entryAdded" -> complain(about.at("/entry/level").asText(), about.path("entry"));
            case "Network.requestWillBeSent" ->
                requested.add(about.at("/request/url").asText());
            default -> {
                // Everything else is of no interest here.
            }
        }
    }

    private void complain(String level, JsonNode what) {
        if (level.equals("error") || level.equals("warning")) {
            complaints.add(what.toString());
        }
    }

    /** Puts messages together that come in parts. */
    private final class Ear implements WebSocket.Listener {

        private final StringBuilder message = new StringBuilder();

        @Override
        public @org.jspecify.annotations.Nullable CompletionStage<?> onText(
                WebSocket from, CharSequence part, boolean last) {
            message.append(part);
            if (last) {
                String whole = message.toString();
                message.setLength(0);
                heard(Cli.parse(whole));
            }
            from.request(1);
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable failure) {
            answers.values()
                    .forEach(each -> each.completeExceptionally(new UncheckedIOException(new IOException(failure))));
        }
    }
}
