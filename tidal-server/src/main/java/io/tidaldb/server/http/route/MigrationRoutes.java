package io.tidaldb.server.http.route;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.core.Migrations;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.view.MigrationView;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/** Moving tenants to other shards. */
final class MigrationRoutes {

    private static final String DRY_RUN = "dry_run";
    private static final String AFTER_HOLD = "after_hold";
    private static final String PATH = "/v1/migrations";

    List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        routes.add(Route.of(Method.GET, PATH, Access.OPERATOR, "Lists migrations")
                .answers(200, "The migrations that run, and the newest of the others", Schema.ref("Migrations"))
                .by(exchange -> exchange.answer(
                        200, MigrationView.list(exchange.tidal().migrations().all()))));
        routes.add(Route.of(Method.POST, PATH, Access.OPERATOR, "Begins to move a tenant's slot to another shard")
                .query(DRY_RUN, Schema.truth(), "Only tell what it would come to")
                .query(
                        AFTER_HOLD,
                        Schema.truth(),
                        "With dry_run: as if what an earlier migration of the slot holds had been erased")
                .body(MediaTypes.JSON, Schema.ref("NewMigration"))
                .answers(200, "What it would come to", Schema.ref("MigrationPlan"))
                .answers(202, "How far it is", Schema.ref("Migration"))
                .by(this::start));
        routes.add(Route.of(Method.GET, PATH + "/{id}", Access.OPERATOR, "Shows a migration")
                .answers(200, "How far it is", Schema.ref("Migration"))
                .by(exchange -> exchange.answer(200, MigrationView.of(existing(exchange)))));
        routes.add(change("abort", "Gives a migration up before the slot changes hands", Migrations::abort));
        routes.add(change("reverse", "Moves a slot back while its former shard follows", Migrations::reverse));
        routes.add(change("end-hold", "Has what the former shard holds erased", Migrations::endHold));
        routes.add(change("pause", "Stops a migration until it is resumed", Migrations::pause));
        routes.add(change("resume", "Lets a migration go on", Migrations::resume));
        return routes;
    }

    private static Route change(String name, String description, BiConsumer<Migrations, Long> action) {
        return Route.of(Method.POST, PATH + "/{id}/" + name, Access.OPERATOR, description)
                .answers(202, "How far it is", Schema.ref("Migration"))
                .by(exchange -> {
                    action.accept(exchange.acting().migrations(), id(exchange));
                    exchange.answer(202, MigrationView.of(existing(exchange)));
                });
    }

    private void start(Exchange exchange) throws IOException {
        Fields fields = exchange.body();
        TenantId tenant = fields.value("tenant", TenantId::parse).orElseThrow(missing("tenant", "a tenant's number"));
        ReplicaId from =
                fields.value("from", ReplicaId::parse).orElseThrow(missing("from", "the replica that leads the slot"));
        ReplicaId to = fields.value("to", ReplicaId::parse).orElseThrow(missing("to", "the replica that is to lead"));
        Optional<Long> rate = fields.whole("max_bytes_per_sec");
        Optional<Duration> pause = fields.value("max_write_pause", TimeSpan::parse);
        Optional<Duration> hold = fields.value("hold", TimeSpan::parse);
        boolean full = fields.value("verify", MigrationRoutes::isFull).orElse(false);
        boolean slowDown = fields.truth("slow_down").orElse(false);
        boolean dryRun = exchange.truth(DRY_RUN);
        boolean afterHold = exchange.truth(AFTER_HOLD);
        fields.end();
        MigrationOptions options = new MigrationOptions(
                rate.map(OptionalLong::of).orElseGet(OptionalLong::empty),
                pause.orElse(MigrationOptions.DEFAULT.maxWritePause()),
                hold,
                full,
                slowDown);
        Migrations migrations = exchange.acting().migrations();
        if (afterHold && !dryRun) {
            throw TidalException.invalid("query parameter " + AFTER_HOLD + " without " + DRY_RUN
                    + ": expected both; to end a hold, POST " + PATH + "/{id}/end-hold");
        }
        if (dryRun) {
            exchange.answer(
                    200,
                    MigrationView.of(
                            afterHold
                                    ? migrations.planAfterHold(tenant, from, to, options)
                                    : migrations.plan(tenant, from, to, options)));
        } else {
            long id = migrations.start(tenant, from, to, options);
            exchange.answer(202, MigrationView.of(migrations.find(id).orElseThrow()));
        }
    }

    private static boolean isFull(String text) {
        if (text.equals("full") || text.equals("digest")) {
            return text.equals("full");
        }
        throw TidalException.invalid("field verify is not valid: expected digest or full");
    }

    private static long id(Exchange exchange) {
        String text = exchange.path("id");
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw TidalException.invalid("migration is named by no number: expected one from 1 on");
        }
    }

    private static MigrationStatus existing(Exchange exchange) {
        long id = id(exchange);
        return exchange.tidal().migrations().find(id).orElseThrow(() -> NotFound.migration(id));
    }

    private static Supplier<TidalException> missing(String field, String what) {
        return () -> TidalException.invalid("field " + field + " is missing: expected " + what);
    }
}
