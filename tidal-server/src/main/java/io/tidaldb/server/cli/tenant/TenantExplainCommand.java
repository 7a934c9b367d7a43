package io.tidaldb.server.cli.tenant;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.importing.Json;
import java.util.List;
import picocli.CommandLine.Command;

@Command(
        name = "explain",
        description = "Says where a tenant's data is, and why there and nowhere else.",
        footer = {
            "",
            "Of each replica of each shard: what each rule says and from what, what was agreed, what was found, and what",
            "has to happen if that is not the same."
        })
final class TenantExplainCommand extends OneTenantCommand {

    @Override
    int run(Backend backend, TenantId tenant) {
        ObjectNode placement = backend.placement(tenant);
        output().result(output().json() ? placement : table(placement));
        return ExitCodes.DONE;
    }

    private static ObjectNode table(ObjectNode placement) {
        ObjectNode table = placement.deepCopy();
        ArrayNode rules = Json.object().arrayNode();
        for (JsonNode replica : table.path("replicas")) {
            for (JsonNode rule : replica.path("rules")) {
                ObjectNode row =
                        rules.addObject().put("replica", replica.path("replica").asText());
                List.of("rule", "verdict", "value").forEach(field -> row.set(field, rule.path(field)));
            }
            ((ObjectNode) replica).remove("rules");
        }
        table.set("rules", rules);
        return table;
    }
}
