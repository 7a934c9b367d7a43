package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Tenant;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Refusal;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.ActLine;
import io.tidaldb.server.importing.ExportLine;
import io.tidaldb.server.importing.Json;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;

/** Hands out all that is in the logs of a tenant. What is read of the logs at a time is bounded, and a reader that does not read is let go. */
final class ExportRoutes {

    private static final int MAX_EXPORTS = 8;
    private static final int BUFFER = 64 << 10;

    private final Semaphore exports = new Semaphore(MAX_EXPORTS);

    List<Route> routes() {
        return List.of(
                Route.of(
                                Method.GET,
                                "/v1/tenants/{tenant}/export",
                                Access.READ,
                                "Hands out every signal that is in the tenant's logs, one a line; a body that breaks off is not all")
                        .answers(
                                200,
                                "The signals, in order of their log",
                                MediaTypes.NDJSON,
                                Schema.ref("ExportedSignal"))
                        .by(exchange -> export(
                                exchange,
                                (tenant, lines) ->
                                        tenant.export(signal -> lines.accept(ExportLine.of(tenant.id(), signal))))),
                Route.of(
                                Method.GET,
                                "/v1/tenants/{tenant}/sessions/export",
                                Access.READ,
                                "Hands out all that users did in sessions, hid and withdrew; a body that breaks off is not all")
                        .answers(
                                200,
                                "What they did, in order of their log",
                                MediaTypes.NDJSON,
                                Schema.ref("ExportedAct"))
                        .by(exchange -> export(
                                exchange,
                                (tenant, lines) ->
                                        tenant.exportActs(act -> lines.accept(ActLine.of(tenant.id(), act))))));
    }

    private void export(Exchange exchange, BiConsumer<Tenant, Consumer<ObjectNode>> content) throws IOException {
        Tenant tenant = exchange.tenant();
        if (!exports.tryAcquire()) {
            throw new Refusal(
                    Refusal.Code.UNAVAILABLE,
                    "the node has as many exports under way as it takes, " + MAX_EXPORTS + ": try again later",
                    5);
        }
        try {
            write(exchange, lines -> content.accept(tenant, lines));
        } finally {
            exports.release();
        }
    }

    private static void write(Exchange exchange, Consumer<Consumer<ObjectNode>> content) throws IOException {
        exchange.context().status(200).contentType(MediaTypes.NDJSON);
        Writer out = new BufferedWriter(
                new OutputStreamWriter(exchange.context().res().getOutputStream(), StandardCharsets.UTF_8), BUFFER);
        try {
            content.accept(each -> line(out, Json.print(each)));
            out.flush();
        } catch (RuntimeException e) {
            if (!exchange.context().res().isCommitted()) {
                exchange.context().res().reset();
                throw e;
            }
            // Nothing more can be said in this answer but that it does not end as it should.
            ServletContextRequest.getServletContextRequest(exchange.context().req())
                    .getServletChannel()
                    .abort(e);
        }
    }

    private static void line(Writer out, String text) {
        try {
            out.write(text);
            out.write('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
