package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What concerns migrations as JSON: in commands, and in snapshots of the state. */
final class MigrationCodec {

    private MigrationCodec() {}

    static void put(ObjectNode json, ClusterCommand.OfMigration command) {
        json.put("tenant", Long.toUnsignedString(id(command).value())).put("at_ms", command.atMillis());
        if (command instanceof ClusterCommand.StartMigration start) {
            json.put("type", "start-migration")
                    .put("from", start.from().toString())
                    .put("to", start.to().toString());
            putTerms(json, start.terms());
        } else if (command instanceof ClusterCommand.StepMigration step) {
            json.put("type", "step-migration")
                    .put("id", step.id())
                    .put("expected", step.expected().name())
                    .put("attempt", step.attempt())
                    .put("next", step.next().name())
                    .put("reason", step.reason());
            if (step.pauseNanos() >= 0) {
                json.put("pause_nanos", step.pauseNanos());
            }
        } else if (command instanceof ClusterCommand.CutOver cutOver) {
            json.put("type", "cut-over")
                    .put("id", cutOver.id())
                    .put("attempt", cutOver.attempt())
                    .put("pause_nanos", cutOver.pauseNanos());
        } else if (command instanceof ClusterCommand.ReverseMigration reverse) {
            json.put("type", "reverse-migration").put("id", reverse.id());
        } else if (command instanceof ClusterCommand.ReplicasErased erased) {
            json.put("type", "replicas-erased").put("id", erased.id());
            CommandCodec.putReplicas(json, "replicas", erased.replicas());
        } else if (command instanceof ClusterCommand.PauseMigration pause) {
            json.put("type", "pause-migration").put("id", pause.id()).put("paused", pause.paused());
        } else if (command instanceof ClusterCommand.StallMigration stall) {
            json.put("type", "stall-migration").put("id", stall.id()).put("reason", stall.reason());
        } else if (command instanceof ClusterCommand.EndHold end) {
            json.put("type", "end-hold").put("id", end.id());
        }
    }

    /** Returns the migration that a command is about; 0 if it is yet to begin. */
    static long idOf(ClusterCommand.OfMigration command) {
        if (command instanceof ClusterCommand.StepMigration step) {
            return step.id();
        } else if (command instanceof ClusterCommand.CutOver cutOver) {
            return cutOver.id();
        } else if (command instanceof ClusterCommand.ReverseMigration reverse) {
            return reverse.id();
        } else if (command instanceof ClusterCommand.ReplicasErased erased) {
            return erased.id();
        } else if (command instanceof ClusterCommand.EndHold end) {
            return end.id();
        } else if (command instanceof ClusterCommand.StallMigration stall) {
            return stall.id();
        }
        return command instanceof ClusterCommand.PauseMigration pause ? pause.id() : 0;
    }

    private static TenantId id(ClusterCommand command) {
        TenantId tenant = command.tenant();
        return tenant == null ? TenantId.DEFAULT : tenant;
    }

    /** Returns the command; null if it is of another type. */
    static @Nullable ClusterCommand command(JsonNode json) {
        long id = json.path("id").asLong();
        long at = json.path("at_ms").asLong();
        return switch (json.path("type").asText()) {
            case "start-migration" ->
                new ClusterCommand.StartMigration(
                        tenant(json), replica(json, "from"), replica(json, "to"), terms(json), at);
            case "step-migration" ->
                new ClusterCommand.StepMigration(
                        tenant(json),
                        id,
                        MigrationState.valueOf(json.path("expected").asText()),
                        json.path("attempt").asLong(),
                        MigrationState.valueOf(json.path("next").asText()),
                        text(json),
                        json.path("pause_nanos").asLong(-1),
                        at);
            case "cut-over" ->
                new ClusterCommand.CutOver(
                        tenant(json),
                        id,
                        json.path("attempt").asLong(),
                        json.path("pause_nanos").asLong(),
                        at);
            case "reverse-migration" -> new ClusterCommand.ReverseMigration(tenant(json), id, at);
            case "replicas-erased" ->
                new ClusterCommand.ReplicasErased(tenant(json), id, CommandCodec.replicas(json, "replicas"), at);
            case "pause-migration" ->
                new ClusterCommand.PauseMigration(
                        tenant(json), id, json.path("paused").asBoolean(), at);
            case "stall-migration" -> new ClusterCommand.StallMigration(tenant(json), id, text(json), at);
            case "end-hold" -> new ClusterCommand.EndHold(tenant(json), id, at);
            default -> null;
        };
    }

    private static TenantId tenant(JsonNode json) {
        return TenantId.parse(json.path("tenant").asText());
    }

    private static ReplicaId replica(JsonNode json, String field) {
        return ReplicaId.parse(json.path(field).asText());
    }

    private static @Nullable String text(JsonNode json) {
        return json.path("reason").isTextual() ? json.path("reason").asText() : null;
    }

    private static void putTerms(ObjectNode json, MigrationTerms terms) {
        json.put("max_bytes_per_second", terms.maxBytesPerSecond())
                .put("max_write_pause_nanos", terms.maxWritePauseNanos())
                .put("hold_nanos", terms.holdNanos())
                .put("full", terms.full());
        if (terms.slowDown()) {
            json.put("slow_down", true);
        }
    }

    private static MigrationTerms terms(JsonNode json) {
        return new MigrationTerms(
                json.path("max_bytes_per_second").asLong(),
                json.path("max_write_pause_nanos").asLong(),
                json.path("hold_nanos").asLong(),
                json.path("full").asBoolean(),
                json.path("slow_down").asBoolean());
    }

    /** Writes all that there are, and the id of the last one. */
    static void putTable(ObjectNode json, MigrationTable table) {
        json.put("last_migration", table.last());
        ArrayNode array = json.putArray("migrations");
        for (MigrationRecord each : table.all()) {
            putRecord(array.addObject(), each);
        }
    }

    static void putRecord(ObjectNode json, MigrationRecord record) {
        json.put("id", record.id())
                .put("tenant", Long.toUnsignedString(record.tenant().value()))
                .put("from", record.from().toString())
                .put("to", record.to().toString())
                .put("state", record.state().name());
        putTerms(json, record.terms());
        json.put("attempt", record.attempt())
                .put("pause_nanos", record.pauseNanos())
                .put("started_ms", record.startedMillis())
                .put("changed_ms", record.changedMillis())
                .put("paused", record.paused())
                .put("reason", record.reason());
        if (record.stalled()) {
            json.put("stalled", true);
        }
        CommandCodec.putReplicas(json, "erasing", record.erasing());
    }

    static void restore(JsonNode json, MigrationTable table) {
        List<MigrationRecord> records = new ArrayList<>();
        for (JsonNode each : json.path("migrations")) {
            records.add(new MigrationRecord(
                    each.path("id").asLong(),
                    tenant(each),
                    replica(each, "from"),
                    replica(each, "to"),
                    MigrationState.valueOf(each.path("state").asText()),
                    terms(each),
                    each.path("attempt").asLong(),
                    each.path("pause_nanos").asLong(),
                    each.path("started_ms").asLong(),
                    each.path("changed_ms").asLong(),
                    each.path("paused").asBoolean(),
                    each.path("stalled").asBoolean(),
                    CommandCodec.replicas(each, "erasing"),
                    text(each)));
        }
        table.restore(json.path("last_migration").asLong(), records);
    }

    static void putHomes(ObjectNode json, List<SlotHome> homes) {
        if (!homes.isEmpty()) {
            ArrayNode array = json.putArray("homes");
            homes.forEach(home -> array.addObject()
                    .put("slot", home.slot())
                    .put("replica", home.replica().toString())
                    .put("held", home.held())
                    .put("wrote", home.wrote()));
        }
    }

    static List<SlotHome> homes(JsonNode json) {
        List<SlotHome> homes = new ArrayList<>();
        json.path("homes")
                .forEach(each -> homes.add(new SlotHome(
                        each.path("slot").asInt(),
                        replica(each, "replica"),
                        each.path("held").asBoolean(),
                        each.path("wrote").asBoolean())));
        return homes;
    }
}
