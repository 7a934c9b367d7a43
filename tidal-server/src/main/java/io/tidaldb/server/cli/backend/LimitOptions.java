package io.tidaldb.server.cli.backend;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Durability;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.importing.Json;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What can be said about a tenant when it is created and changed later. */
final class LimitOptions {

    private static final String UNLIMITED = "unlimited";

    @Option(names = "--label", paramLabel = "TEXT", description = "A name for people.")
    @Nullable
    private String label;

    @Option(names = "--max-signals-per-sec", paramLabel = "N|unlimited", description = "Rate of the token bucket.")
    @Nullable
    private String maxSignalsPerSecond;

    @Option(
            names = "--burst",
            paramLabel = "N|unlimited",
            description = "Most the bucket holds; unlimited: 2 s of the rate.")
    @Nullable
    private String burst;

    @Option(
            names = "--reserved-signals-per-sec",
            paramLabel = "N|unlimited",
            description = "Rate that is kept under overload.")
    @Nullable
    private String reserved;

    @Option(names = "--max-entities", paramLabel = "N|unlimited", description = "Cap on distinct entities.")
    @Nullable
    private String maxEntities;

    @Option(
            names = "--max-storage-bytes",
            paramLabel = "N|unlimited",
            description = "Cap on bytes of log and snapshots.")
    @Nullable
    private String maxStorageBytes;

    @Option(
            names = "--durability",
            paramLabel = "LEVEL",
            description = "When writes are acknowledged: ${COMPLETION-CANDIDATES}.")
    @Nullable
    private Durability durability;

    /** Returns a configuration with what was given changed. */
    TenantConfig applyTo(TenantConfig config) {
        return new TenantConfig(
                config.id(),
                label == null ? config.label() : label,
                rate("--max-signals-per-sec", maxSignalsPerSecond, config.maxSignalsPerSecond()),
                rate("--burst", burst, config.burst()),
                rate("--reserved-signals-per-sec", reserved, config.reservedSignalsPerSecond()),
                cap("--max-entities", maxEntities, config.maxEntities()),
                cap("--max-storage-bytes", maxStorageBytes, config.maxStorageBytes()),
                config.requiredRegions(),
                durability == null ? config.durability() : durability,
                config.writes(),
                config.slots(),
                config.pinnedShards(),
                config.hold(),
                config.withoutReplicas(),
                config.encrypted());
    }

    /** Returns what was given, as the HTTP interface takes it: a limit that is removed is null. */
    ObjectNode toJson() {
        ObjectNode result = Json.object();
        if (label != null) {
            result.put("label", label);
        }
        putRate(result, "max_signals_per_sec", "--max-signals-per-sec", maxSignalsPerSecond);
        putRate(result, "burst", "--burst", burst);
        putRate(result, "reserved_signals_per_sec", "--reserved-signals-per-sec", reserved);
        putCap(result, "max_entities", "--max-entities", maxEntities);
        putCap(result, "max_storage_bytes", "--max-storage-bytes", maxStorageBytes);
        if (durability != null) {
            result.put("durability", durability.name());
        }
        return result;
    }

    private static void putRate(ObjectNode result, String field, String option, @Nullable String text) {
        if (text != null) {
            OptionalDouble rate = rate(option, text, OptionalDouble.empty());
            result.put(field, rate.isPresent() ? (Double) rate.getAsDouble() : null);
        }
    }

    private static void putCap(ObjectNode result, String field, String option, @Nullable String text) {
        if (text != null) {
            OptionalLong cap = cap(option, text, OptionalLong.empty());
            result.put(field, cap.isPresent() ? (Long) cap.getAsLong() : null);
        }
    }

    private static OptionalDouble rate(String option, @Nullable String text, OptionalDouble before) {
        if (text == null) {
            return before;
        }
        try {
            return text.equals(UNLIMITED) ? OptionalDouble.empty() : OptionalDouble.of(Double.parseDouble(text));
        } catch (NumberFormatException e) {
            throw CliException.usage(option + " " + text + " is not a number: expected one above 0, or " + UNLIMITED);
        }
    }

    private static OptionalLong cap(String option, @Nullable String text, OptionalLong before) {
        if (text == null) {
            return before;
        }
        try {
            return text.equals(UNLIMITED) ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(text));
        } catch (NumberFormatException e) {
            throw CliException.usage(
                    option + " " + text + " is not a whole number: expected 1 or more, or " + UNLIMITED);
        }
    }
}
