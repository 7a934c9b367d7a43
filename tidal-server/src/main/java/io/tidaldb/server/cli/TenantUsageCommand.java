package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.UsageHour;
import io.tidaldb.server.view.TenantView;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "usage", description = "Shows what a tenant uses of each quota.")
final class TenantUsageCommand extends OneTenantCommand {

    @Option(names = "--verify", description = "Count again from the log; exit code 1 if the counts differ.")
    private boolean verify;

    @Override
    int run(Tidal tidal, Tenant tenant) {
        TenantUsage usage = tenant.usage();
        ObjectNode result = TenantView.identity(tenant);
        result.setAll(TenantView.usage(usage));
        hours(tenant, result);
        boolean matches = !verify || recount(tenant, usage, result);
        output().result(result);
        return matches ? ExitCodes.DONE : ExitCodes.FAILED;
    }

    private static boolean recount(Tenant tenant, TenantUsage usage, ObjectNode result) {
        Set<EntityId> entities = new HashSet<>();
        tenant.export(record -> entities.add(record.entity()));
        UsageCheck check = tenant.verifyUsage();
        // Entities can be counted again only while the logs hold everything.
        boolean matches = check.matches() && (check.from() != null || entities.size() == usage.entities());
        ObjectNode counted = result.putObject("from_log")
                .put("since", check.from() == null ? null : check.from().toString())
                .put("signals", sum(check.counted(), UsageHour::signals))
                .put("bytes", sum(check.counted(), UsageHour::bytes))
                .put("entities", entities.size())
                .put("matches", matches);
        if (!check.matches()) {
            counted.put("metered_signals", sum(check.metered(), UsageHour::signals))
                    .put("metered_bytes", sum(check.metered(), UsageHour::bytes));
        }
        return matches;
    }

    private static void hours(Tenant tenant, ObjectNode result) {
        ArrayNode hours = result.putArray("hours");
        for (UsageHour each : tenant.usageByHour()) {
            hours.addObject()
                    .put("hour", each.hour() == null ? null : each.hour().toString())
                    .put("signals", each.signals())
                    .put("bytes", each.bytes());
        }
    }

    private static long sum(List<UsageHour> hours, ToLongFunction<UsageHour> value) {
        return hours.stream().mapToLong(value).sum();
    }
}
