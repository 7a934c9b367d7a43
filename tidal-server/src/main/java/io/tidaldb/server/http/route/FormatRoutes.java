package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.Version;
import io.tidaldb.server.formats.FormatCensus;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.NodeState;
import io.tidaldb.server.http.exchange.Refusal;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** What the node's own files would say to another version. One look at a time: each reads all that there is. */
final class FormatRoutes {

    private static final String DOWNGRADE_TO = "downgrade_to";
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int RETRY_SECONDS = 5;

    private final NodeState node;
    private final Path dataDir;
    private final @Nullable Path pluginsDir;
    private final Semaphore permit = new Semaphore(1);

    /**
     * Creates them.
     *
     * @param dataDir the node's directory
     * @param pluginsDir where its log store is looked for beside the class path
     */
    FormatRoutes(NodeState node, Path dataDir, @Nullable Path pluginsDir) {
        this.node = node;
        this.dataDir = dataDir;
        this.pluginsDir = pluginsDir;
    }

    List<Route> routes() {
        return List.of(Route.of(
                        Method.GET,
                        "/v1/upgrades/check",
                        Access.OPERATOR,
                        "Looks at the format of every file of this node, and says whether another version could open them")
                .query(DOWNGRADE_TO, Schema.text(), "The version that is to open them, such as 0.1")
                .answers(200, "What there is, and the first file that forbids it", Schema.ref("FormatCensus"))
                .by(this::check));
    }

    private void check(Exchange exchange) {
        Version wanted = exchange.query(DOWNGRADE_TO)
                .map(Version::parse)
                .orElseThrow(() -> TidalException.invalid(
                        "parameter " + DOWNGRADE_TO + " is missing: expected a version, such as 0.1"));
        Release.current().checkOlder(wanted);
        if (!permit.tryAcquire()) {
            throw new Refusal(
                    Refusal.Code.UNAVAILABLE, "the node looks at its files already: try again later", RETRY_SECONDS);
        }
        CompletableFuture<ObjectNode> census;
        try {
            census = CompletableFuture.supplyAsync(() -> look(wanted), exchange.executor());
        } catch (RejectedExecutionException e) {
            permit.release();
            throw e;
        }
        // It goes on to its end, whoever still waits for it.
        exchange.answerLater(200, census.copy(), PATIENCE);
    }

    private ObjectNode look(Version wanted) {
        try (PluginCatalog catalog = PluginCatalog.discover(pluginsDir)) {
            FormatCensus census = new FormatCensus(Release.current(), wanted);
            census.look(dataDir, catalog);
            return census.toJson().put("node", node.node());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            permit.release();
        }
    }
}
