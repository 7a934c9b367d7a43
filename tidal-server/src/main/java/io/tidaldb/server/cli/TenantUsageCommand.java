package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantUsage;
import io.tidaldb.core.Tidal;
import java.util.HashSet;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "usage", description = "Shows what a tenant uses of each quota.")
final class TenantUsageCommand extends OneTenantCommand {

    @Option(names = "--verify", description = "Count again from the log; exit code 1 if the counts differ.")
    private boolean verify;

    @Override
    int run(Tidal tidal, Tenant tenant) {
        TenantUsage usage = tenant.usage();
        ObjectNode result = TenantText.identity(tenant);
        result.setAll(TenantText.usage(usage));
        boolean matches = !verify || recount(tenant, usage, result);
        output().result(result);
        return matches ? ExitCodes.DONE : ExitCodes.FAILED;
    }

    private static boolean recount(Tenant tenant, TenantUsage usage, ObjectNode result) {
        Set<EntityId> entities = new HashSet<>();
        long[] signals = new long[1];
        tenant.export(record -> {
            signals[0]++;
            entities.add(record.entity());
        });
        boolean matches = signals[0] == usage.accepted() && entities.size() == usage.entities();
        result.putObject("from_log")
                .put("signals", signals[0])
                .put("entities", entities.size())
                .put("matches", matches);
        return matches;
    }
}
