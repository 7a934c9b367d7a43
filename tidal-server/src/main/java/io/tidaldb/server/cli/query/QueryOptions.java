package io.tidaldb.server.cli.query;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.TenantOptions;
import io.tidaldb.server.cli.option.InstantText;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.time.Instant;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What all reads take. */
@SuppressWarnings("NullAway.Init")
final class QueryOptions {

    @Mixin
    private final TenantOptions tenant = new TenantOptions();

    @Option(names = "--signal", required = true, paramLabel = "TYPE", description = "A declared type.")
    private String signal;

    @Option(
            names = "--at",
            converter = InstantText.class,
            paramLabel = "TIME",
            description = "The time to judge by: ISO-8601 or nanoseconds since 1970 (default: now).")
    @Nullable
    private Instant at;

    @Option(
            names = "--min-position",
            paramLabel = "POSITION",
            description = "What the read must have seen, as a write returned it.")
    @Nullable
    private String minPosition;

    String signal() {
        return signal;
    }

    ReadOptions reading() {
        ReadOptions options = at == null ? ReadOptions.DEFAULT : ReadOptions.at(at);
        return minPosition == null ? options : options.atLeast(Position.parse(minPosition));
    }

    /** Asks about the tenant. */
    <T> T ask(@Nullable String token, BiFunction<Backend, TenantId, T> question) throws IOException {
        return tenant.ask(token, question);
    }

    /** Returns a result that says what was asked. */
    ObjectNode describe() {
        return Json.object().put("tenant", tenant.name()).put("signal", signal);
    }
}
