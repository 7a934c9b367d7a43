package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WriteMode;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.control.EntityErasureRecord.Confirmation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The erasures of entities that are agreed on: all that are not complete, and the newest of the others. Confined to whoever applies. */
final class EntityErasureTable {

    private static final int MAX_COMPLETE = 1_000;
    private static final int MAX_PENDING = 1_000;

    private final List<EntityErasureRecord> records = new ArrayList<>();
    private long last;

    /** Begins an erasure on the nodes of these shards, as far as the tenant may be there. */
    Reply begin(ClusterCommand.EraseEntity command, TenantRecord tenant, List<ShardAssignment> shards) {
        if (tenant.config().writes() == WriteMode.EVERYWHERE) {
            return new Reply.Refused(
                    ErrorCode.UNSUPPORTED,
                    "tenant " + command.tenant()
                            + " is written everywhere, and of such a tenant no entity can be erased: delete the tenant to erase"
                            + " what it has");
        }
        if (records.stream().filter(each -> !each.isComplete()).count() >= MAX_PENDING) {
            return new Reply.Refused(
                    ErrorCode.OVERLOADED,
                    MAX_PENDING
                            + " erasures of entities are under way, which is the most: wait until nodes have confirmed some");
        }
        records.add(new EntityErasureRecord(
                ++last,
                command.tenant(),
                tenant.digestSeed(),
                command.entity(),
                command.atMillis(),
                0,
                pending(tenant, shards)));
        for (int i = 0; records.size() > MAX_COMPLETE && i < records.size(); ) {
            if (records.get(i).isComplete()) {
                records.remove(i);
            } else {
                i++;
            }
        }
        return new Reply.Done(last);
    }

    private static SortedMap<NodeId, Confirmation> pending(TenantRecord tenant, List<ShardAssignment> shards) {
        SortedMap<NodeId, Confirmation> nodes = new TreeMap<>();
        shards.stream()
                .filter(each -> tenant.config().requiredRegions().isEmpty()
                        || tenant.config().requiredRegions().contains(each.region()))
                .forEach(each -> nodes.put(each.node(), Confirmation.PENDING));
        return nodes;
    }

    /**
     * Slots of a tenant come to nodes of these shards from others, or come once more, which may not have erased yet what is not complete: those
     * nodes have to confirm it, also if they had none of the tenant before, or have confirmed it for what they had, or are about to.
     */
    void spread(TenantRecord tenant, List<ShardAssignment> shards) {
        records.replaceAll(each ->
                each.isComplete() || !each.tenant().equals(tenant.config().id()) || each.life() != tenant.digestSeed()
                        ? each
                        : each.again(pending(tenant, shards).keySet()));
    }

    Reply confirm(ClusterCommand.ConfirmEntityErasure confirmed) {
        for (int i = 0; i < records.size(); i++) {
            EntityErasureRecord known = records.get(i);
            if (known.number() == confirmed.number()) {
                if (known.round() != confirmed.round()) {
                    return new Reply.Refused(
                            ErrorCode.NOT_CAUGHT_UP,
                            "node " + confirmed.node() + " confirms erasure " + known.number()
                                    + " of an entity of tenant "
                                    + known.tenant() + " in round " + confirmed.round() + ", and it is in round "
                                    + known.round() + ": slots have come to nodes since; it looks again");
                }
                Optional<NodeId> ahead = known.ahead(confirmed);
                if (ahead.isPresent()) {
                    return new Reply.Refused(
                            ErrorCode.NOT_CAUGHT_UP,
                            "node " + confirmed.node() + " confirms erasure " + known.number()
                                    + " of an entity of tenant " + known.tenant()
                                    + " and has not all of the logs that node "
                                    + ahead.get() + " has had: what it lacks may bring the entity; it looks again");
                }
                records.set(i, known.confirmed(confirmed));
            }
        }
        return new Reply.Done(0);
    }

    /** The tenant is deleted: that is another erasure, of all that it has. */
    void forget(TenantId tenant) {
        records.removeIf(each -> each.tenant().equals(tenant) && !each.isComplete());
    }

    /** A node is no part of the cluster any more, which has these shards now: nobody waits for it, but for who has its replicas. */
    void removed(@Nullable NodeId successor, List<ShardAssignment> shards) {
        SortedSet<NodeId> left = new TreeSet<>();
        shards.forEach(each -> left.add(each.node()));
        records.replaceAll(each -> each.without(left, successor));
    }

    List<EntityErasureRecord> records() {
        return List.copyOf(records);
    }

    void replaceWith(EntityErasureTable other) {
        records.clear();
        records.addAll(other.records);
        last = other.last;
    }

    void put(ObjectNode state) {
        state.put("last_entity_erasure", last);
        ArrayNode array = state.putArray("entity_erasures");
        for (EntityErasureRecord each : records) {
            ObjectNode json = array.addObject()
                    .put("number", each.number())
                    .put("tenant", Long.toUnsignedString(each.tenant().value()))
                    .put("life", Long.toUnsignedString(each.life()))
                    .put("entity", Long.toUnsignedString(each.entity()))
                    .put("at_ms", each.atMillis())
                    .put("round", each.round());
            ObjectNode nodes = json.putObject("nodes");
            each.nodes().forEach((node, said) -> {
                ObjectNode of = nodes.putObject(node.name()).put("at_ms", said.atMillis());
                ArrayNode through = of.putArray("through");
                said.through().forEach(through::add);
                ClosedLogs.put(said.closed(), of.putObject("closed"));
            });
        }
    }

    void read(JsonNode state) {
        last = state.path("last_entity_erasure").asLong();
        for (JsonNode json : state.path("entity_erasures")) {
            SortedMap<NodeId, Confirmation> nodes = new TreeMap<>();
            json.path("nodes").properties().forEach(each -> {
                List<String> through = new ArrayList<>();
                each.getValue().path("through").forEach(position -> through.add(position.asText()));
                nodes.put(
                        NodeId.of(each.getKey()),
                        new Confirmation(
                                each.getValue().path("at_ms").asLong(),
                                through,
                                ClosedLogs.read(each.getValue().path("closed"))));
            });
            records.add(new EntityErasureRecord(
                    json.path("number").asLong(),
                    TenantId.parse(json.path("tenant").asText()),
                    Long.parseUnsignedLong(json.path("life").asText("0")),
                    Long.parseUnsignedLong(json.path("entity").asText()),
                    json.path("at_ms").asLong(),
                    json.path("round").asLong(),
                    nodes));
        }
    }
}
