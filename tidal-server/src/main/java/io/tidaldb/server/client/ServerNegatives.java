package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.HardNegative;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.importing.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;

/** The hard negatives of a tenant of a server. */
public record ServerNegatives(ServerClient client, TenantId tenant) implements HardNegatives {

    @Override
    public Position add(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options) {
        return SignalWrite.position(client.call(addition(kind, user, entity, options)));
    }

    @Override
    public CompletionStage<Position> addAsync(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options) {
        return client.send(addition(kind, user, entity, options)).thenApply(SignalWrite::position);
    }

    private Request addition(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options) {
        return Request.write(path(), fields(kind, user, entity), options);
    }

    @Override
    public Position withdraw(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options) {
        return withdraw(fields(kind, user, entity), options);
    }

    @Override
    public Position withdraw(
            NegativeKind kind, EntityId user, EntityId entity, List<WalSegmentId> records, WriteOptions options) {
        ObjectNode body = fields(kind, user, entity);
        ArrayNode named = body.putArray("records");
        records.forEach(record -> named.add(record.toString()));
        return withdraw(body, options);
    }

    private Position withdraw(ObjectNode body, WriteOptions options) {
        return SignalWrite.position(client.call(Request.write(path() + "/withdrawals", body, options)));
    }

    @Override
    public List<HardNegative> of(EntityId user, ReadOptions options) {
        List<HardNegative> all = new ArrayList<>();
        for (JsonNode each : client.call(Request.get(path() + "?user=" + user + ReadQuery.freshness(options)))
                .path("hard_negatives")) {
            all.add(new HardNegative(
                    NegativeKind.valueOf(each.path("kind").asText().toUpperCase(Locale.ROOT)),
                    EntityId.parse(each.path("user").asText()),
                    EntityId.parse(each.path("entity").asText()),
                    WalSegmentId.parse(each.path("record").asText())));
        }
        return all;
    }

    @Override
    public List<EntityId> visible(EntityId user, List<EntityId> entities, ReadOptions options) {
        ObjectNode question = Json.object().put("user", user.toString());
        entities.forEach(entity -> question.withArray("entities").add(entity.toString()));
        options.minPosition().ifPresent(position -> question.put("min_position", position.toString()));
        options.region().ifPresent(region -> question.put("region", region.toString()));
        question.put("wait_ms", options.patience().toMillis());
        List<EntityId> visible = new ArrayList<>();
        client.call(Request.question(ServerTenants.path(tenant) + "/visible", question))
                .path("entities")
                .forEach(entity -> visible.add(EntityId.parse(entity.asText())));
        return visible;
    }

    private String path() {
        return ServerTenants.path(tenant) + "/hard-negatives";
    }

    private static ObjectNode fields(NegativeKind kind, EntityId user, EntityId entity) {
        return Json.object()
                .put("kind", kind.name().toLowerCase(Locale.ROOT))
                .put("user", user.toString())
                .put("entity", entity.toString());
    }
}
