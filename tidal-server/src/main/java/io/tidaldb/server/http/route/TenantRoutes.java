package io.tidaldb.server.http.route;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tenant;
import io.tidaldb.server.http.body.Fields;
import io.tidaldb.server.http.body.Text;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.Exchange;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Method;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.http.openapi.Schema;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.importing.TenantLookup;
import io.tidaldb.server.view.DrillView;
import io.tidaldb.server.view.ErasureView;
import io.tidaldb.server.view.PlacementView;
import io.tidaldb.server.view.TenantView;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Tenants: who they are, where they may live, what they may do. */
final class TenantRoutes {

    private static final String ONE = "/v1/tenants/{tenant}";

    private static final String DRY_RUN = "dry_run";
    private static final String DRY_RUN_MEANS = "true: change nothing, and say what it would come to";

    private final TenantDefaults defaults;
    private final ServerEvents events;
    private final Recounts recounts = new Recounts();

    /** @param defaults of tenants that are created without a word on them */
    TenantRoutes(TenantDefaults defaults, ServerEvents events) {
        this.defaults = defaults;
        this.events = events;
    }

    List<Route> routes() {
        return List.of(
                Route.of(Method.POST, "/v1/tenants", Access.OPERATOR, "Creates a tenant")
                        .query(DRY_RUN, Schema.truth(), DRY_RUN_MEANS)
                        .body(MediaTypes.JSON, Schema.ref("NewTenant"))
                        .answers(200, "What it would come to", Schema.ref("Plan"))
                        .answers(201, "The tenant", Schema.ref("Tenant"))
                        .by(this::create),
                Route.of(
                                Method.POST,
                                "/v1/tenants:batch",
                                Access.OPERATOR,
                                "Creates up to 10,000 tenants, each of which is created or refused by itself")
                        .body(MediaTypes.JSON, Schema.ref("NewTenants"))
                        .answers(200, "What became of each, in order", Schema.ref("CreatedTenants"))
                        .by(this::createAll),
                Route.of(Method.GET, "/v1/tenants", Access.OPERATOR, "Lists all tenants")
                        .answers(200, "The tenants, in order of number", Schema.ref("Tenants"))
                        .by(this::list),
                Route.of(Method.GET, ONE, Access.READ, "Shows a tenant's configuration, placement and usage")
                        .answers(200, "The tenant", Schema.ref("Tenant"))
                        .by(exchange -> exchange.answer(200, TenantView.shown(exchange.tenant()))),
                Route.of(Method.GET, ONE + "/usage", Access.READ, "Shows what a tenant uses, and wrote in each hour")
                        .query(
                                "verify",
                                Schema.truth(),
                                "Whether it is counted again from the logs, as from_log, which reads all of them: a"
                                        + " tenant's once at a time, two on a node")
                        .answers(200, "The usage", Schema.ref("Usage"))
                        .by(this::usage),
                Route.of(
                                Method.GET,
                                ONE + "/placement",
                                Access.OPERATOR,
                                "Says where a tenant's data is, and why: each rule, what was agreed and what was found")
                        .answers(200, "The explanation", Schema.ref("Placement"))
                        .by(exchange -> exchange.answer(
                                200,
                                PlacementView.of(
                                        exchange.tenant(), exchange.tidal().explain(exchange.tenantId())))),
                Route.of(Method.PATCH, ONE, Access.OPERATOR, "Changes a tenant; null removes a limit")
                        .query(DRY_RUN, Schema.truth(), DRY_RUN_MEANS)
                        .body(MediaTypes.JSON, Schema.ref("TenantChange"))
                        .answers(200, "The tenant, or what it would come to", either("Tenant"))
                        .by(this::change),
                Route.of(Method.POST, ONE + "/leader", Access.OPERATOR, "Makes another replica take a shard's writes")
                        .body(MediaTypes.JSON, Schema.ref("NewLeader"))
                        .answers(200, "The tenant", Schema.ref("Tenant"))
                        .by(this::promote),
                Route.of(
                                Method.POST,
                                ONE + "/drills",
                                Access.OPERATOR,
                                "Practises the loss of a region: replicas elsewhere take the writes for a moment")
                        .body(MediaTypes.JSON, Schema.ref("NewDrill"))
                        .answers(200, "What it came to", Schema.ref("RegionDrill"))
                        .by(this::drill),
                Route.of(
                                Method.GET,
                                "/v1/erasures",
                                Access.OPERATOR,
                                "Lists what has become of deleted tenants: which nodes have nothing of them in any file")
                        .answers(200, "The certificates, oldest first", Schema.ref("Erasures"))
                        .by(exchange -> exchange.answer(
                                200, ErasureView.list(exchange.tidal().erasures()))),
                Route.of(Method.DELETE, ONE, Access.OPERATOR, "Erases a tenant and its data for good")
                        .query(DRY_RUN, Schema.truth(), DRY_RUN_MEANS)
                        .answers(200, "What was erased, or what it would come to", either("Erasure"))
                        .by(this::delete));
    }

    private void usage(Exchange exchange) {
        if (exchange.truth("verify")) {
            recounts.answer(exchange);
        } else {
            exchange.answer(200, TenantView.usageByHour(exchange.tenant()));
        }
    }

    private static ObjectNode either(String schema) {
        ObjectNode either = Json.object();
        either.putArray("anyOf").add(Schema.ref(schema)).add(Schema.ref("Plan"));
        return either;
    }

    private void list(Exchange exchange) {
        exchange.answer(200, TenantView.list(exchange.tidal().tenants()));
    }

    private void create(Exchange exchange) throws Exception {
        Fields fields = exchange.body();
        Optional<TenantId> given = TenantDefinitions.number(fields);
        TenantConfig wanted = TenantDefinitions.config(fields, defaults, TenantId.DEFAULT);
        if (exchange.truth(DRY_RUN)) {
            TenantId free = given.orElseGet(() -> TenantLookup.nextFree(exchange.tidal()));
            exchange.answer(200, PlacementView.of(exchange.tidal().planCreation(renamed(wanted, free))));
            return;
        }
        Tenant tenant =
                given.isPresent() ? exchange.acting().createTenant(wanted) : createUnderNextNumber(exchange, wanted);
        events.tenant("created", tenant.id());
        exchange.answer(201, TenantView.describe(tenant));
    }

    private void createAll(Exchange exchange) throws Exception {
        Fields fields = exchange.body();
        List<JsonNode> wanted = fields.items("tenants");
        fields.end();
        if (wanted.size() > TenantDefinitions.MAX_TENANTS) {
            throw TidalException.invalid(
                    "field tenants has " + wanted.size() + " items: expected at most " + TenantDefinitions.MAX_TENANTS);
        }
        exchange.answer(
                200,
                TenantDefinitions.createAll(
                        exchange.acting(), wanted, defaults, tenant -> events.tenant("created", tenant)));
    }

    // Two that ask at the same time may be given one number; the second asks again.
    private static Tenant createUnderNextNumber(Exchange exchange, TenantConfig wanted) {
        while (true) {
            try {
                return exchange.acting().createTenant(renamed(wanted, TenantLookup.nextFree(exchange.tidal())));
            } catch (TidalException e) {
                if (e.code() != ErrorCode.TENANT_EXISTS) {
                    throw e;
                }
            }
        }
    }

    private static TenantConfig renamed(TenantConfig config, TenantId id) {
        return new TenantConfig(
                id,
                config.label(),
                config.maxSignalsPerSecond(),
                config.burst(),
                config.reservedSignalsPerSecond(),
                config.maxEntities(),
                config.maxStorageBytes(),
                config.requiredRegions(),
                config.durability(),
                config.writes(),
                config.slots(),
                config.pinnedShards(),
                config.hold(),
                config.withoutReplicas(),
                config.encrypted());
    }

    private void change(Exchange exchange) throws Exception {
        Fields fields = exchange.body();
        TenantConfig wanted = changed(exchange.tenant().config(), fields);
        fields.end();
        if (exchange.truth(DRY_RUN)) {
            exchange.answer(200, PlacementView.of(exchange.tidal().planUpdate(wanted)));
            return;
        }
        Tenant tenant = exchange.acting().updateTenant(wanted);
        events.tenant("changed", tenant.id());
        exchange.answer(200, TenantView.shown(tenant));
    }

    /** Returns the configuration with what is given; a limit that is given as null is none. */
    static TenantConfig changed(TenantConfig config, Fields fields) {
        return new TenantConfig(
                config.id(),
                fields.scalar("label").orElse(config.label()),
                limit(fields, "max_signals_per_sec", config.maxSignalsPerSecond()),
                limit(fields, "burst", config.burst()),
                limit(fields, "reserved_signals_per_sec", config.reservedSignalsPerSecond()),
                limit(fields, "max_entities", config.maxEntities()),
                limit(fields, "max_storage_bytes", config.maxStorageBytes()),
                fields.list("required_regions")
                        .map(regions -> regions.stream().map(RegionId::parse).toList())
                        .orElse(config.requiredRegions()),
                fields.value("durability", TenantRoutes::durability).orElse(config.durability()),
                config.writes(),
                config.slots(),
                config.pinnedShards(),
                config.hold(),
                fields.list("without_replicas")
                        .map(replicas -> replicas.stream().map(ReplicaId::parse).toList())
                        .orElse(config.withoutReplicas()),
                config.encrypted());
    }

    private static OptionalDouble limit(Fields fields, String name, OptionalDouble before) {
        return fields.has(name) ? fields.number(name).map(OptionalDouble::of).orElse(OptionalDouble.empty()) : before;
    }

    private static OptionalLong limit(Fields fields, String name, OptionalLong before) {
        return fields.has(name) ? fields.whole(name).map(OptionalLong::of).orElse(OptionalLong.empty()) : before;
    }

    static Durability durability(String text) {
        try {
            return Durability.valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw TidalException.invalid("durability \"" + Text.safe(text) + "\" is not known: expected one of "
                    + Arrays.toString(Durability.values()));
        }
    }

    private void promote(Exchange exchange) throws Exception {
        Fields fields = exchange.body();
        ReplicaId replica = fields.value("replica", ReplicaId::parse)
                .orElseThrow(() -> TidalException.invalid("replica is missing: expected one such as \"r1:s0\""));
        fields.end();
        Tenant tenant = exchange.tenant();
        exchange.acting().promote(tenant.id(), replica);
        events.tenant("changed", tenant.id());
        exchange.answer(200, TenantView.shown(tenant));
    }

    private void drill(Exchange exchange) throws IOException {
        Fields fields = exchange.body();
        RegionId region = fields.value("lose_region", RegionId::parse)
                .orElseThrow(() -> TidalException.invalid("lose_region is missing: expected a region such as \"r0\""));
        fields.end();
        exchange.answer(200, DrillView.of(exchange.acting().drill(exchange.tenantId(), region)));
    }

    private void delete(Exchange exchange) {
        Tenant tenant = exchange.tenant();
        if (exchange.truth(DRY_RUN)) {
            exchange.answer(200, PlacementView.of(exchange.tidal().planDeletion(tenant.id())));
            return;
        }
        ObjectNode result = ErasureView.delete(exchange.acting(), tenant.id(), TenantView.erasure(tenant));
        events.tenant("deleted", tenant.id());
        exchange.answer(200, result);
    }
}
