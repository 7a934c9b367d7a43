package com.example.forage;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The web page: a user's feed, with a button to like and one to hide each item. Serves this machine alone. */
final class Page implements AutoCloseable {

    private static final int ITEMS = 8;
    private static final Pattern USER = Pattern.compile("(?:^|&)user=(\\d{1,18})(?:&|$)");
    private static final Pattern ITEM = Pattern.compile("(?:^|&)item=(\\d{1,20})(?:&|$)");
    private static final Map<String, String> ESCAPED = Map.of("&", "&amp;", "<", "&lt;", ">", "&gt;", "\"", "&quot;");

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
        StringBuilder page = new StringBuilder("""
                <!doctype html><html lang="en"><meta charset="utf-8"><title>Forage</title>
                <style>body{font:1rem/1.5 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
                li{display:flex;gap:.5rem;align-items:center;padding:.4rem 0;border-bottom:1px solid #ccc}
                li span{flex:1}small{color:#555}form{margin:0}</style>
                """);
        page.append("<h1>Forage</h1><p>The feed of user ")
                .append(user)
                .append(". <a href=\"/?user=")
                .append(user)
                .append("\">More</a><ul>");
        for (Item item : feed.next(user, ITEMS)) {
            page.append("<li><span>")
                    .append(escaped(item.title()))
                    .append(" <small>")
                    .append(escaped(item.source()))
                    .append(", ")
                    .append(escaped(item.label()))
                    .append("</small></span>")
                    .append(button("like", user, item))
                    .append(button("hide", user, item))
                    .append("</li>\n");
        }
        return page.append("</ul>").toString();
    }

    private static String button(String what, long user, Item item) {
        return "<form method=\"post\" action=\"/%s?user=%d&amp;item=%s\"><button>%s</button></form>"
                .formatted(what, user, Long.toUnsignedString(item.entity().value()), what);
    }

    private static String escaped(String text) {
        return Pattern.compile("[&<>\"]").matcher(text).replaceAll(found -> ESCAPED.get(found.group()));
    }

    private static void answer(HttpExchange exchange, int status, String html) throws IOException {
        byte[] body = html.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
        exchange.getResponseHeaders()
                .set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'");
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
