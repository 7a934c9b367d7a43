package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Durability;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.BackupReader;
import io.tidaldb.core.backup.BackupScan;
import io.tidaldb.core.backup.RestorePoint;
import io.tidaldb.server.http.body.Text;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Refusal;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.view.TenantView;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;

/** Backups of tenants as they go out, and come back. What is restored is kept in a file until it has been checked as a whole. */
final class BackupRoutes {

    private static final String PATH = "/v1/tenants/{tenant}/backup";
    private static final int MAX_BACKUPS = 8;
    private static final int BUFFER = 64 << 10;
    private static final Duration PATIENCE = Duration.ofHours(6);

    private final Semaphore backups = new Semaphore(MAX_BACKUPS);
    private final Semaphore restores = new Semaphore(1);
    private final ServerEvents events;
    private final Path incoming;

    /**
     * Creates them.
     *
     * @param dataDir the node's directory
     */
    BackupRoutes(ServerEvents events, Path dataDir) {
        this.events = events;
        this.incoming = dataDir.resolve("incoming");
    }

    List<Route> routes() {
        ObjectNode bytes = Schema.text().put("format", "binary");
        return List.of(
                Route.of(
                                Method.GET,
                                PATH,
                                Access.READ,
                                "Hands out a part of a backup of a tenant, while writes go on; a body that breaks off is no part")
                        .query(
                                "after",
                                Schema.text(),
                                "Where the part before ended, as it says; everything is handed out without it")
                        .answers(200, "The part", MediaTypes.OCTETS, bytes)
                        .by(this::backup),
                Route.of(Method.POST, PATH, Access.OPERATOR, "Makes a tenant of the parts of a backup, of any tenant")
                        .query(
                                "at",
                                Schema.text(),
                                "Up to where: positions such as r0:s0:42,r1:s0:7, or a time; everything without it")
                        .query(
                                "regions",
                                Schema.text(),
                                "Numbers of the regions that it may be in; as it was without it")
                        .query(
                                "durability",
                                Schema.oneOf(Arrays.stream(Durability.values())
                                        .map(Enum::name)
                                        .toList()),
                                "When its writes are acknowledged; as it was without it")
                        .body(MediaTypes.OCTETS, bytes)
                        .answers(201, "The tenant", Schema.ref("Tenant"))
                        .by(this::restore));
    }

    private void backup(Exchange exchange) throws IOException {
        BackupPoint after = BackupPoint.parse(exchange.query("after").orElse(""));
        Tenant tenant = exchange.tenant();
        begin(backups, "backups", MAX_BACKUPS);
        try {
            write(exchange, tenant, after);
        } finally {
            backups.release();
        }
    }

    private static void write(Exchange exchange, Tenant tenant, BackupPoint after) throws IOException {
        exchange.context().status(200).contentType(MediaTypes.OCTETS);
        try {
            OutputStream out = new BufferedOutputStream(exchange.context().res().getOutputStream(), BUFFER);
            exchange.tidal().backup(tenant.id(), after, out);
            out.flush();
        } catch (RuntimeException e) {
            if (!exchange.context().res().isCommitted()) {
                exchange.context().res().reset();
                throw e;
            }
            ServletContextRequest.getServletContextRequest(exchange.context().req())
                    .getServletChannel()
                    .abort(e);
        }
    }

    private static void begin(Semaphore permits, String what, int limit) {
        if (!permits.tryAcquire()) {
            throw new Refusal(
                    Refusal.Code.UNAVAILABLE,
                    "the node has as many " + what + " under way as it takes, " + limit + ": try again later",
                    5);
        }
    }

    private void restore(Exchange exchange) throws IOException {
        RestoreOptions options = RestoreOptions.DEFAULT
                .as(exchange.tenantId())
                .at(exchange.query("at").map(RestorePoint::parse).orElse(RestorePoint.NEWEST));
        List<RegionId> regions =
                exchange.query("regions").map(BackupRoutes::regions).orElse(null);
        if (regions != null) {
            options = options.in(regions);
        }
        Durability durability =
                exchange.query("durability").map(TenantRoutes::durability).orElse(null);
        if (durability != null) {
            options = options.with(durability);
        }
        begin(restores, "restores", 1);
        try {
            Path file = received(exchange);
            try {
                check(file, options.at());
                Tenant tenant = exchange.acting().restore(new Received(file), options);
                events.tenant("created", tenant.id());
                exchange.answer(201, TenantView.describe(tenant));
            } finally {
                Files.deleteIfExists(file);
            }
        } finally {
            restores.release();
        }
    }

    // What was sent is the sender's fault; what is damaged here is not.
    private static void check(Path file, RestorePoint at) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER)) {
            BackupScan scan = new BackupScan(at);
            new BackupReader("what was sent", in).read(scan);
            scan.counted();
        } catch (TidalException e) {
            throw TidalException.invalid(String.valueOf(e.getMessage()));
        }
    }

    static List<RegionId> regions(String text) {
        return Exchange.commaSeparated(text).stream().map(BackupRoutes::region).toList();
    }

    private static RegionId region(String text) {
        try {
            return RegionId.of(Integer.parseInt(text));
        } catch (NumberFormatException e) {
            throw TidalException.invalid("region \"" + Text.safe(text)
                    + "\" is not a number: expected 0 to 65535, with commas between them");
        }
    }

    /** Keeps the body in a file; one that a node which ended has left is deleted. */
    private Path received(Exchange exchange) throws IOException {
        Files.createDirectories(incoming);
        Path file = incoming.resolve("restore.tmp");
        try (InputStream body = exchange.largeBody(PATIENCE);
                OutputStream out = Files.newOutputStream(file)) {
            body.transferTo(out);
            return file;
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private record Received(Path file) implements BackupSource {

        @Override
        public String name() {
            return "what was sent";
        }

        @Override
        public InputStream open() throws IOException {
            return Files.newInputStream(file);
        }
    }
}
