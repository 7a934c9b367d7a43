package io.tidaldb.server.view;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.PlacementExplanation;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantPlan;
import io.tidaldb.server.importing.Json;
import org.jspecify.annotations.Nullable;

/** Why a tenant is where it is, and what a change of it would come to, as JSON. */
public final class PlacementView {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private PlacementView() {}

    /** Returns an explanation. */
    public static ObjectNode of(Tenant tenant, PlacementExplanation explanation) {
        ObjectNode result = TenantView.identity(tenant);
        TenantView.strings(result.putArray("required_regions"), tenant.config().requiredRegions());
        TenantView.strings(result.putArray("pinned_shards"), tenant.config().pinnedShards());
        ArrayNode slots = result.putArray("slots");
        for (PlacementExplanation.Slot slot : explanation.slots()) {
            ObjectNode shown = slots.addObject()
                    .put("slot", slot.slot())
                    .put("shard", slot.leader().toString());
            ClusterView.canLose(shown, new ClusterHealth.TenantRisk(slot.data(), slot.service()));
        }
        ArrayNode replicas = result.putArray("replicas");
        explanation.replicas().forEach(each -> replica(replicas.addObject(), each));
        return result;
    }

    private static void replica(ObjectNode result, PlacementExplanation.Replica replica) {
        result.put("replica", replica.replica().toString())
                .put("node", replica.node().name())
                .put("slot", replica.slot())
                .put("desired", replica.desired().name())
                .put("actual", replica.actual().name())
                .put("found", replica.found())
                .put("step", replica.step());
        ArrayNode rules = result.putArray("rules");
        replica.rules()
                .forEach(rule -> rules.addObject()
                        .put("rule", rule.rule())
                        .put("verdict", rule.verdict().name())
                        .put("value", rule.value()));
    }

    /** Returns a plan. */
    public static ObjectNode of(TenantPlan plan) {
        TidalException refusal = plan.refusal();
        ObjectNode result = Json.object()
                .put("dry_run", true)
                .put("allowed", refusal == null)
                .put("code", refusal == null ? null : refusal.code().name())
                .put("reason", refusal == null ? null : refusal.getMessage());
        result.set("before", tree(plan.before()));
        result.set("after", tree(plan.after()));
        plan.effects().forEach(result.putArray("effects")::add);
        plan.risks().forEach(result.putArray("risks")::add);
        redundancy(result, "redundancy_before", plan.redundancyBefore());
        redundancy(result, "redundancy_after", plan.redundancyAfter());
        return result;
    }

    private static void redundancy(ObjectNode result, String field, ClusterHealth.@Nullable TenantRisk risk) {
        if (risk == null) {
            result.putNull(field);
        } else {
            ClusterView.risk(result.putObject(field), risk);
        }
    }

    private static JsonNode tree(@Nullable String text) {
        try {
            return text == null ? MAPPER.nullNode() : MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new TidalException(ErrorCode.INTERNAL, "a plan is not JSON", e);
        }
    }
}
