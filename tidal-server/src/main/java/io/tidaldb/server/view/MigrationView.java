package io.tidaldb.server.view;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.MigrationPlan;
import io.tidaldb.core.MigrationStatus;
import io.tidaldb.server.importing.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Migrations as JSON. */
public final class MigrationView {

    private MigrationView() {}

    /** Returns how far a migration is. */
    public static ObjectNode of(MigrationStatus status) {
        return Json.object()
                .put("id", status.id())
                .put("tenant", Long.toUnsignedString(status.tenant().value()))
                .put("from", status.from().toString())
                .put("to", status.to().toString())
                .put("state", status.state().name())
                .put("progress", status.progress())
                .put("bytes", status.bytes())
                .put("total_bytes", status.totalBytes())
                .put("bytes_per_sec", status.bytesPerSecond())
                .put("seconds_left", number(status.left(), 1e9))
                .put("predicted_write_pause_ms", number(status.predictedWritePause(), 1e6))
                .put("write_pause_ms", number(status.writePause(), 1e6))
                .put("attempts", status.attempts())
                .put("paused", status.paused())
                .put("started", status.started().toString())
                .put("held_until", status.heldUntil().map(Instant::toString).orElse(null))
                .put("note", status.note());
    }

    private static @Nullable Double number(Optional<Duration> duration, double unitNanos) {
        return duration.map(each -> each.toNanos() / unitNanos).orElse(null);
    }

    /** Returns migrations as a list within an object. */
    public static ObjectNode list(List<MigrationStatus> all) {
        ObjectNode result = Json.object();
        ArrayNode migrations = result.putArray("migrations");
        all.forEach(each -> migrations.add(of(each)));
        return result;
    }

    /** Returns those that are not over, as a list within an object. */
    public static ObjectNode running(List<MigrationStatus> all) {
        return list(all.stream().filter(each -> !each.state().isOver()).toList());
    }

    /** Returns what a migration would come to. */
    public static ObjectNode of(MigrationPlan plan) {
        ObjectNode result = Json.object()
                .put("allowed", plan.refusal() == null)
                .put(
                        "code",
                        plan.refusal() == null ? null : plan.refusal().code().name())
                .put("reason", plan.refusal() == null ? null : plan.refusal().getMessage())
                .put("bytes", plan.bytes())
                .put("seconds", plan.time().toNanos() / 1e9)
                .put("max_write_pause_ms", plan.maxWritePause().toNanos() / 1e6);
        ArrayNode steps = result.putArray("steps");
        plan.steps().forEach(steps::add);
        return result;
    }
}
