package io.tidaldb.server.cli.signal;

import io.tidaldb.api.Durability;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.StopSignal;
import io.tidaldb.server.cli.backend.NewStoreOptions;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.client.ServerEvents;
import io.tidaldb.server.client.ServerLoadTarget;
import io.tidaldb.server.importing.AckLog;
import io.tidaldb.server.importing.EmbeddedLoadTarget;
import io.tidaldb.server.importing.Load;
import io.tidaldb.server.importing.LoadPlan;
import io.tidaldb.server.importing.LoadReport;
import io.tidaldb.server.importing.LoadTarget;
import io.tidaldb.server.importing.TenantLookup;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "load",
        description = "Sends events at a fixed rate and measures; creates the tenant if it is missing.",
        footer = {
            "",
            "SIGTERM and SIGINT end the load early: what is under way is finished and the result printed. Over several",
            "servers, what one can't do is asked of the next, under the same key, until it is done or the deadline passes."
        })
@SuppressWarnings("NullAway.Init")
final class SignalLoadCommand extends CliCommand {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Mixin
    private final NewStoreOptions store = new NewStoreOptions();

    @Option(names = "--tenant", required = true, paramLabel = "T", description = "Number or label.")
    private String tenant;

    @Option(names = "--rate", required = true, paramLabel = "N", description = "Events a second.")
    private double rate;

    @Option(
            names = "--duration",
            defaultValue = "60s",
            converter = DurationText.class,
            paramLabel = "60s",
            description = "Default: ${DEFAULT-VALUE}.")
    private Duration duration;

    @Option(
            names = "--writers",
            defaultValue = "1",
            paramLabel = "W",
            description = "Sending threads (default: ${DEFAULT-VALUE}).")
    private int writers;

    @Option(
            names = "--durability",
            paramLabel = "LEVEL",
            description = "${COMPLETION-CANDIDATES} (default: the tenant's).")
    @Nullable
    private Durability durability;

    @Option(
            names = "--deadline",
            converter = DurationText.class,
            paramLabel = "30s",
            description = "After it, a write has failed (default: 10s; over a server, which is asked again, 30s).")
    @Nullable
    private Duration deadline;

    @Option(names = "--signal", defaultValue = "view", paramLabel = "TYPE", description = "Default: ${DEFAULT-VALUE}.")
    private String signal;

    @Option(
            names = "--reads-every",
            converter = DurationText.class,
            paramLabel = "10ms",
            description = "Read an entity this often, too.")
    @Nullable
    private Duration readsEvery;

    @Option(names = "--entities", defaultValue = "1000", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private long entities;

    @Option(
            names = "--ack-log",
            required = true,
            paramLabel = "FILE|-",
            description = "A line for each acknowledged event.")
    private String ackLog;

    @Override
    public Integer call() throws IOException, InterruptedException {
        checkRanges();
        AckLogOption.check(ackLog);
        try (StopSignal stop = StopSignal.install()) {
            return stop.finished(store.isServer() ? overServer(stop) : embedded(stop));
        }
    }

    private int embedded(StopSignal stop) throws IOException, InterruptedException {
        try (Tidal tidal = store.directory().openOrCreate()) {
            checkDeclared(tidal.signals().stream().anyMatch(type -> type.name().equals(signal)));
            return run(new EmbeddedLoadTarget(target(tidal)), stop);
        }
    }

    private int overServer(StopSignal stop) throws IOException, InterruptedException {
        try (ServerClient client = store.server().connect(token())) {
            checkDeclared(new ServerEvents(client).halfLives().containsKey(signal));
            return run(ServerLoadTarget.of(client, tenant, deadline == null ? PATIENCE : deadline), stop);
        }
    }

    private int run(LoadTarget target, StopSignal stop) throws IOException, InterruptedException {
        // Opened last: what an earlier process was promised must not be overwritten by one that is refused.
        try (AckLog acks = AckLogOption.open(ackLog)) {
            LoadReport report = new Load(target, plan(), acks, stop::requested, output()::note).run();
            output().result(report.toJson());
            return exitCode(report);
        }
    }

    // Failures are what a load measures, but one that only failed has measured nothing.
    private static int exitCode(LoadReport report) {
        return report.failed() > 0 && report.acked() == 0 ? ExitCodes.FAILED : ExitCodes.DONE;
    }

    private void checkRanges() {
        if (!(rate > 0 && rate <= 1e8)) {
            throw CliException.usage("--rate " + rate + " is out of range: expected a number above 0, up to 1e8");
        }
        if (duration.isZero()) {
            throw CliException.usage("--duration 0 is out of range: expected a duration above 0");
        }
        if (writers < 1 || writers > 256) {
            throw CliException.usage("--writers " + writers + " is out of range: expected 1 to 256");
        }
        if (entities < 1) {
            throw CliException.usage("--entities " + entities + " is out of range: expected 1 or more");
        }
        if (deadline != null && deadline.isZero()) {
            throw CliException.usage("--deadline 0 is out of range: expected a duration above 0");
        }
        if (readsEvery != null && readsEvery.isZero()) {
            throw CliException.usage("--reads-every 0 is out of range: expected a duration above 0");
        }
    }

    private void checkDeclared(boolean declared) {
        if (!declared) {
            throw new TidalException(
                    ErrorCode.UNKNOWN_SIGNAL,
                    "signal " + signal + " is not declared: declare it with tidal signal declare " + signal);
        }
    }

    private LoadPlan plan() {
        WriteOptions options = durability == null ? WriteOptions.DEFAULT : WriteOptions.DEFAULT.with(durability);
        if (deadline != null) {
            options = options.with(deadline);
        }
        return new LoadPlan(signal, rate, duration, writers, entities, readsEvery, options);
    }

    private Tenant target(Tidal tidal) {
        return TenantLookup.named(tidal, tenant).orElseGet(() -> {
            boolean number = tenant.matches("t?\\d+");
            TenantId id = number ? TenantId.parse(tenant) : TenantLookup.nextFree(tidal);
            TenantConfig.Builder config = TenantConfig.builder(id);
            output().note("creating tenant " + tenant);
            return tidal.createTenant((number ? config : config.label(tenant)).build());
        });
    }
}
