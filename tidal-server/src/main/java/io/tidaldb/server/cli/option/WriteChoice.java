package io.tidaldb.server.cli.option;

import io.tidaldb.api.Durability;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.core.WriteOptions;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a write is acknowledged. */
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

    /** Returns what was chosen. */
    public WriteOptions options() {
        WriteOptions options = WriteOptions.DEFAULT;
        if (durability != null) {
            options = options.with(durability);
        }
        return idempotencyKey == null ? options : options.with(IdempotencyKey.of(idempotencyKey));
    }
}
