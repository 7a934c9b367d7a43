package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.UsageHour;
import io.tidaldb.server.importing.Json;
import java.util.List;
import java.util.function.ToLongFunction;

/** What a tenant uses, and the same counted again from its logs. */
public final class UsageCheckView {

    private UsageCheckView() {}

    /** Returns what {@link TenantView#usageByHour} does, and as {@code from_log} what the logs say; reads all of them. */
    public static ObjectNode of(Tenant tenant) {
        ObjectNode result = TenantView.usageByHour(tenant);
        result.set("from_log", counted(tenant.verifyUsage()));
        return result;
    }

    private static ObjectNode counted(UsageCheck check) {
        ObjectNode counted = Json.object()
                .put("since", check.from() == null ? null : check.from().toString())
                .put("signals", sum(check.counted(), UsageHour::signals))
                .put("bytes", sum(check.counted(), UsageHour::bytes))
                .put("entities", check.countedEntities())
                .put("matches", check.matches());
        if (!check.matches()) {
            counted.put("metered_signals", sum(check.metered(), UsageHour::signals))
                    .put("metered_bytes", sum(check.metered(), UsageHour::bytes))
                    .put("metered_entities", check.meteredEntities());
        }
        return counted;
    }

    private static long sum(List<UsageHour> hours, ToLongFunction<UsageHour> value) {
        return hours.stream().mapToLong(value).sum();
    }
}
