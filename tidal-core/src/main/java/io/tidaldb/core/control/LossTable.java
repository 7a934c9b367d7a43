package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What tenants have lost for good, because it was on a damaged disk alone: places and numbers, nobody's text. Of each tenant the newest; all
 * are in the audit log. Confined to whoever applies.
 */
final class LossTable {

    private static final int MOST_OF_A_TENANT = 16;

    private final SortedMap<TenantId, Deque<String>> losses = new TreeMap<>();

    void add(ClusterCommand.ReportDamage report) {
        Deque<String> known = losses.computeIfAbsent(report.tenant(), each -> new ArrayDeque<>());
        known.add(report.replica() + ": " + report.what());
        if (known.size() > MOST_OF_A_TENANT) {
            known.remove();
        }
    }

    List<String> of(TenantId tenant) {
        Deque<String> known = losses.get(tenant);
        return known == null ? List.of() : List.copyOf(known);
    }

    void forget(TenantId tenant) {
        losses.remove(tenant);
    }

    void replaceWith(LossTable other) {
        losses.clear();
        other.losses.forEach((tenant, known) -> losses.put(tenant, new ArrayDeque<>(known)));
    }

    void put(ObjectNode state) {
        ObjectNode all = state.putObject("losses");
        losses.forEach((tenant, known) -> {
            ArrayNode array = all.putArray(Long.toUnsignedString(tenant.value()));
            known.forEach(array::add);
        });
    }

    void read(JsonNode state) {
        state.path("losses").properties().forEach(each -> {
            Deque<String> known = new ArrayDeque<>();
            each.getValue().forEach(loss -> known.add(loss.asText()));
            losses.put(TenantId.parse(each.getKey()), known);
        });
    }
}
