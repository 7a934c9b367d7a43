package io.tidaldb.server.http.route;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The dashboard: a page and its files, for everybody. They hold no data: the page asks the interface for that, as whoever looks at it, and
 * nobody else.
 */
public final class Dashboard {

    private static final String PAGE = "index.html";

    private static final List<String> FILES = List.of(
            "actions.js",
            "api.js",
            "app.js",
            "charts.js",
            "commands.js",
            "dialog.js",
            "dom.js",
            "format.js",
            "icon.svg",
            "journal.js",
            "metrics.js",
            "migrations.js",
            "overview.js",
            "risks.js",
            "style.css",
            "tenants.js",
            "topology.js",
            "uPlot.LICENSE.txt",
            "uPlot.iife.min.js",
            "uPlot.min.css",
            "upgrades.js");

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "svg", "image/svg+xml",
            "txt", "text/plain; charset=utf-8");

    /** Nothing from elsewhere, nothing inline, nobody around it. */
    private static final Map<String, String> HEADERS = Map.of(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
                    + "form-action 'none'; frame-ancestors 'none'",
            "Referrer-Policy",
            "no-referrer",
            "Cross-Origin-Opener-Policy",
            "same-origin",
            "Cross-Origin-Resource-Policy",
            "same-origin");

    private Dashboard() {}

    /** Returns the routes of the page and of each file. */
    public static List<Route> routes() {
        return Stream.concat(Stream.of(route("/", PAGE)), FILES.stream().map(file -> route("/dashboard/" + file, file)))
                .toList();
    }

    private static Route route(String path, String file) {
        String type = TYPES.getOrDefault(file.substring(file.lastIndexOf('.') + 1), "");
        String text = read(file);
        return Route.of(Method.GET, path, Access.OPEN, "A file of the dashboard")
                .answers(200, "The file", type, Schema.text())
                .by(exchange -> {
                    HEADERS.forEach(exchange.context()::header);
                    exchange.answer(200, type, text);
                });
    }

    private static String read(String file) {
        try (InputStream in = Dashboard.class.getResourceAsStream("/dashboard/" + file)) {
            if (in == null) {
                throw new TidalException(ErrorCode.INTERNAL, "the dashboard's file " + file + " is not in the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new TidalException(ErrorCode.INTERNAL, "the dashboard's file " + file + " can't be read", e);
        }
    }
}
