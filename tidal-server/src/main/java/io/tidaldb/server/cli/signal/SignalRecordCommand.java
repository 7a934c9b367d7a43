package io.tidaldb.server.cli.signal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.NewStoreOptions;
import io.tidaldb.server.cli.option.EntityOptions;
import io.tidaldb.server.cli.option.InstantText;
import io.tidaldb.server.cli.option.WriteChoice;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "record", description = "Records one event; returns when it is acknowledged.")
@SuppressWarnings("NullAway.Init")
final class SignalRecordCommand extends CliCommand {

    @Mixin
    private final NewStoreOptions store = new NewStoreOptions();

    @Option(names = "--tenant", required = true, paramLabel = "T", description = "Number or label.")
    private String tenant;

    @Option(names = "--signal", required = true, paramLabel = "TYPE", description = "A declared type.")
    private String signal;

    @Mixin
    private final EntityOptions entity = new EntityOptions();

    @Option(names = "--weight", defaultValue = "1.0", description = "Default: ${DEFAULT-VALUE}.")
    private double weight;

    @Option(
            names = {"--ts", "--at"},
            converter = InstantText.class,
            paramLabel = "TIME",
            description = "When it happened: ISO-8601 or nanoseconds since 1970 (default: now).")
    @Nullable
    private Instant ts;

    @Mixin
    private final WriteChoice write = new WriteChoice();

    @Override
    public Integer call() throws IOException {
        Signal event =
                new Signal(signal, entity.id(), entity.name(), weight, ts == null ? Signal.NOW : EventTime.nanos(ts));
        try (Backend backend = store.openOrCreate(token())) {
            TenantId target = backend.named(tenant);
            Position position = backend.record(target, event, write.options());
            ObjectNode result = Json.object()
                    .put("tenant", Long.toUnsignedString(target.value()))
                    .put("position", position.toString())
                    .put("signal", signal);
            entity.describe(result);
            output().result(result.put("weight", (float) weight));
            return ExitCodes.DONE;
        }
    }
}
