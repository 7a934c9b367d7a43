package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.UsageHour;
import io.tidaldb.server.importing.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;

/** Counts what a tenant uses again, from its log. */
final class UsageRecount {

    private UsageRecount() {}

    static ObjectNode of(Tenant tenant) {
        Set<EntityId> entities = new HashSet<>();
        tenant.export(record -> entities.add(record.entity()));
        UsageCheck check = tenant.verifyUsage();
        // Entities can be counted again only while the logs hold everything.
        boolean matches = check.matches()
                && (check.from() != null || entities.size() == tenant.usage().entities());
        ObjectNode counted = Json.object()
                .put("since", check.from() == null ? null : check.from().toString())
                .put("signals", sum(check.counted(), UsageHour::signals))
                .put("bytes", sum(check.counted(), UsageHour::bytes))
                .put("entities", entities.size())
                .put("matches", matches);
        if (!check.matches()) {
            counted.put("metered_signals", sum(check.metered(), UsageHour::signals))
                    .put("metered_bytes", sum(check.metered(), UsageHour::bytes));
        }
        return counted;
    }

    private static long sum(List<UsageHour> hours, ToLongFunction<UsageHour> value) {
        return hours.stream().mapToLong(value).sum();
    }
}
