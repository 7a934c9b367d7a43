package io.tidaldb.server.cli.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.ServerBackend;
import io.tidaldb.server.cli.backend.ServerCommand;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "reconcile",
        description = "Says what replicas lack of each other, and waits until they lack nothing.",
        footer = {
            "",
            "Replicas fill each other by themselves as soon as they meet: this has them look once more, and tells when it is",
            "done. It can be repeated. ship: a range of an origin's log; snapshot: it is in no log any more, the state",
            "travels; take_back: writes that both sides accepted under one key; conflict, differs: what shipping can't mend."
        })
@SuppressWarnings("NullAway.Init")
final class ClusterReconcileCommand extends ServerCommand {

    private static final long PAUSE_MILLIS = 200;

    @Option(names = "--tenant", paramLabel = "T", description = "Number or label of one tenant (default: all tenants).")
    @Nullable
    private String tenant;

    @Option(names = "--dry-run", description = "Only say what they lack now.")
    private boolean dryRun;

    @Option(
            names = "--timeout",
            defaultValue = "60s",
            converter = DurationText.class,
            paramLabel = "60s",
            description = "How long to wait (default: ${DEFAULT-VALUE}). Exit code 1 if something is lacking then.")
    private Duration timeout;

    @Override
    protected int run(ServerClient client) throws InterruptedException {
        TenantId id = tenant == null ? null : new ServerBackend(client).named(tenant);
        String path = "/v1/cluster/reconciliation?dry_run=" + dryRun + (id == null ? "" : "&tenant=" + id);
        Request request = new Request("POST", path, null, null, true, Duration.ofSeconds(75));
        long begin = System.nanoTime();
        ObjectNode plan = client.call(request);
        while (!dryRun && !isDone(plan) && System.nanoTime() - begin < timeout.toNanos()) {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            plan = client.call(request);
        }
        if (!dryRun) {
            plan.put("took_ms", (System.nanoTime() - begin) / 1_000_000);
        }
        output().result(plan);
        return dryRun || isDone(plan) ? ExitCodes.DONE : ExitCodes.FAILED;
    }

    private static boolean isDone(ObjectNode plan) {
        return plan.path("done").asBoolean();
    }
}
