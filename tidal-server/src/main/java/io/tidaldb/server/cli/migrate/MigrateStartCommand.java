package io.tidaldb.server.cli.migrate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreOptions;
import io.tidaldb.server.cli.option.DryRunOption;
import io.tidaldb.server.cli.option.DurationText;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "start",
        description = "Moves a slot of a tenant to another shard while it is read and written.",
        footer = {
            "",
            "Nothing is lost and nothing is counted twice; writes are held back for a moment when the slot changes hands. While",
            "the former shard is held, \"migrate reverse\" takes it back. With --wait: exit code 0 once only the time of the",
            "hold has to pass or all is done, 1 if it was given up. Without --wait a data directory goes on when it is opened",
            "next."
        })
@SuppressWarnings("NullAway.Init")
final class MigrateStartCommand extends CliCommand {

    /** States in which something of the former shard's is left. */
    private static final Set<String> HELD = Set.of("DRAINING", "HOLD", "GC");

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Option(names = "--tenant", required = true, paramLabel = "T", description = "Number or label of the tenant.")
    private String tenant;

    @Option(names = "--from", required = true, paramLabel = "r0:s0", description = "The replica that leads the slot.")
    private String from;

    @Option(names = "--to", required = true, paramLabel = "r2:s2", description = "The replica that is to lead it.")
    private String to;

    @Mixin
    private final DryRunOption dryRun = new DryRunOption();

    /** How contents are compared. */
    enum Verify {
        /** By digests. */
        DIGEST,
        /** Every cell. */
        FULL
    }

    @Option(
            names = "--verify",
            defaultValue = "digest",
            paramLabel = "full",
            description = "How contents are compared before the slot changes hands: digest or full (default: digest).")
    private Verify verify;

    @Option(
            names = "--max-bytes-per-sec",
            paramLabel = "N",
            description = "How much is copied in a second at most (default: no bound).")
    @Nullable
    private Long maxBytes;

    @Option(
            names = "--max-write-pause",
            defaultValue = "100ms",
            converter = DurationText.class,
            paramLabel = "100ms",
            description = "For how long writes may be held back (default: ${DEFAULT-VALUE}).")
    private Duration maxWritePause;

    @Option(
            names = "--hold",
            converter = DurationText.class,
            paramLabel = "24h",
            description = "For how long the former shard follows (default: the tenant's own).")
    @Nullable
    private Duration hold;

    @Option(
            names = "--slow-down",
            description = "If the tenant writes faster than can be copied, hold it, and nobody else, to half of that.")
    private boolean slowDown;

    @Option(
            names = "--end-hold",
            description =
                    "If an earlier migration of the slot is held and this one is allowed, first have what it holds erased.")
    private boolean endHold;

    @Option(names = "--wait", description = "Return when it is done.")
    private boolean wait;

    @Override
    public Integer call() throws IOException, InterruptedException {
        MigrationOptions options = new MigrationOptions(
                maxBytes == null ? OptionalLong.empty() : OptionalLong.of(maxBytes),
                maxWritePause,
                Optional.ofNullable(hold),
                verify == Verify.FULL,
                slowDown);
        ReplicaId source = ReplicaId.parse(from);
        ReplicaId target = ReplicaId.parse(to);
        try (Backend backend = store.open(token())) {
            TenantId id = backend.named(tenant);
            if (dryRun.isGiven()) {
                return DryRunOption.show(output(), backend.planMigration(id, source, target, options, endHold));
            }
            if (endHold) {
                requireAllowed(backend.planMigration(id, source, target, options, true));
                endHold(backend, id, source);
            }
            ObjectNode status = backend.migrate(id, source, target, options);
            if (wait) {
                status = MigrationWait.until(backend, status.path("id").asLong(), output()::note);
            }
            output().result(status);
            return MigrationWait.code(status, "ABORTED");
        }
    }

    // What is held is given up only for a migration that may begin.
    private static void requireAllowed(ObjectNode plan) {
        if (!plan.path("allowed").asBoolean()) {
            throw new TidalException(
                    ErrorCode.valueOf(plan.path("code").asText()),
                    plan.path("reason").asText());
        }
    }

    private void endHold(Backend backend, TenantId id, ReplicaId leader) throws InterruptedException {
        for (JsonNode each : backend.migrations().path("migrations")) {
            String state = each.path("state").asText();
            boolean held = HELD.contains(state)
                    && each.path("tenant").asText().equals(Long.toUnsignedString(id.value()))
                    && each.path("to").asText().equals(leader.toString());
            if (held) {
                long former = each.path("id").asLong();
                if (!state.equals("GC")) {
                    backend.migration(former, "end-hold");
                }
                MigrationWait.until(backend, former, seen -> output().note("migration " + former + ": " + seen));
            }
        }
    }
}
