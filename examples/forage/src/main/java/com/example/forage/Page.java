package com.example.forage;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The web page: a user's feed, with a button to like and one to hide each item, and what the bandit believes of the user. Serves this machine
 * alone.
 */
final class Page implements AutoCloseable {

    private static final int ITEMS = 8;
    private static final int TASTES = 8;
    private static final int USERS = 3;
    private static final Pattern USER = Pattern.compile("(?:^|&)user=(\\d{1,18})(?:&|$)");
    private static final Pattern ITEM = Pattern.compile("(?:^|&)item=(\\d{1,20})(?:&|$)");
    private static final Map<String, String> ESCAPED = Map.of("&", "&amp;", "<", "&lt;", ">", "&gt;", "\"", "&quot;");

    private static final String PAGE_HTML = """
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Forage: the feed of user %d</title>
            <link rel="stylesheet" href="/page.css">
            <script src="/page.js" defer></script>
            <header><h1>Forage</h1><span>a feed that learns what you like</span><nav aria-label="Users">%s</nav></header>
            <main>
            <section aria-label="Feed"><ol class="feed">
            %s</ol><a class="more" href="/?user=%d">More</a></section>
            <aside><h2>What it believes you like</h2><ol>
            %s</ol><p>Of what is shown from there, how much pleases: half, as long as nothing is known. The next items are drawn by it, so the
            best come often, and the others now and then.</p></aside>
            </main>
            """;
    private static final String ITEM_HTML = """
            <li><div><p>%s</p><span class="tag">%s</span><span class="tag">%s</span></div>%s%s</li>
            """;
    private static final String TASTE_HTML = """
            <li><span>%s <small>from %s</small></span><meter max="100" value="%3$d">%3$d %%</meter></li>
            """;

    private final Feed feed;
    private final Supplier<List<Item>> sources;
    private final HttpServer server;

    Page(Feed feed, Supplier<List<Item>> sources, int port) throws IOException {
        this.feed = feed;
        this.sources = sources;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/", this::serve);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String query =
                    Optional.ofNullable(exchange.getRequestURI().getRawQuery()).orElse("");
            long user = number(USER, query).orElse(1L);
            switch (exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath()) {
                case "GET /" -> answer(exchange, 200, html(user));
                case "GET /page.css" -> answer(exchange, 200, "text/css", resource("page.css"));
                case "GET /page.js" -> answer(exchange, 200, "text/javascript", resource("page.js"));
                case "POST /like" -> change(exchange, user, query, feed::like);
                case "POST /hide" -> change(exchange, user, query, feed::hide);
                default -> answer(exchange, 404, "<p>There is only <a href=\"/\">the feed</a>.");
            }
        }
    }

    private interface Change {
        void of(long user, Item item);
    }

    private void change(HttpExchange exchange, long user, String query, Change change) throws IOException {
        Optional<Item> item = number(ITEM, query)
                .flatMap(id -> sources.get().stream()
                        .filter(each -> each.entity().value() == id)
                        .findFirst());
        if (item.isEmpty()) {
            answer(exchange, 404, "<p>No such item.");
            return;
        }
        change.of(user, item.get());
        exchange.getResponseHeaders().set("Location", "/?user=" + user);
        exchange.sendResponseHeaders(303, -1);
    }

    private static Optional<Long> number(Pattern name, String query) {
        Matcher found = name.matcher(query);
        return found.find() ? Optional.of(Long.parseUnsignedLong(found.group(1))) : Optional.empty();
    }

    private String html(long user) {
        StringBuilder items = new StringBuilder();
        for (Item item : feed.next(user, ITEMS)) {
            items.append(ITEM_HTML.formatted(
                    escaped(item.title()),
                    escaped(item.source()),
                    escaped(item.label()),
                    button("like", user, item),
                    button("hide", user, item)));
        }
        StringBuilder tastes = new StringBuilder();
        for (Feed.Taste taste : feed.tastes(user, TASTES)) {
            tastes.append(TASTE_HTML.formatted(
                    escaped(taste.arm().label()), escaped(taste.arm().source()), Math.round(100 * taste.liked())));
        }
        StringBuilder users = new StringBuilder();
        for (long each = 1; each <= USERS; each++) {
            users.append("<a href=\"/?user=%d\"%s>user %d</a>\n"
                    .formatted(each, each == user ? " aria-current=\"page\"" : "", each));
        }
        return PAGE_HTML.formatted(user, users, items, user, tastes);
    }

    private static String button(String what, long user, Item item) {
        return "<form method=\"post\" action=\"/%s?user=%d&amp;item=%s\"><button aria-label=\"%s: %s\">%s</button></form>"
                .formatted(
                        what,
                        user,
                        Long.toUnsignedString(item.entity().value()),
                        what,
                        escaped(item.title()),
                        what.equals("like") ? "Like" : "Hide");
    }

    private static String escaped(String text) {
        return Pattern.compile("[&<>\"]").matcher(text).replaceAll(found -> ESCAPED.get(found.group()));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }

    private static void answer(HttpExchange exchange, int status, String html) throws IOException {
        answer(exchange, status, "text/html", html.getBytes(StandardCharsets.UTF_8));
    }

    private static void answer(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
        exchange.getResponseHeaders()
                .set(
                        "Content-Security-Policy",
                        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
