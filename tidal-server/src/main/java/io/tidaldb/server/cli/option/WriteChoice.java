package io.tidaldb.server.cli.option;

import io.tidaldb.api.Durability;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.RegionId;
import io.tidaldb.core.WriteOptions;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Who takes a write, and how it is acknowledged. */
public final class WriteChoice {

    @Option(
            names = "--durability",
            paramLabel = "LEVEL",
            description = "${COMPLETION-CANDIDATES} (default: the tenant's).")
    @Nullable
    private Durability durability;

    @Option(
            names = "--idempotency-key",
            converter = KeyText.class,
            paramLabel = "UUID",
            description = "A retry under the same key has no second effect.")
    @Nullable
    private UUID idempotencyKey;

    @Option(
            names = "--region",
            paramLabel = "r1",
            description = "Who takes it, of a tenant with writes EVERYWHERE (default: the nearest).")
    @Nullable
    private String region;

    /** Returns what was chosen. */
    public WriteOptions options() {
        WriteOptions options = WriteOptions.DEFAULT;
        if (durability != null) {
            options = options.with(durability);
        }
        if (region != null) {
            options = options.in(RegionId.parse(region));
        }
        return idempotencyKey == null ? options : options.with(IdempotencyKey.of(idempotencyKey));
    }
}
