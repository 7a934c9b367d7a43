package io.tidaldb.core.backup;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Stream;

/**
 * How far the checkpoints go with which a part of a backup begins, where logs do not reach back to their start.
 *
 * @param logs how far each log is in the checkpoint of its slot; its batches go on from there
 * @param merged how far origins are in it whose logs are gone for good
 * @param millis the latest stamp of anything that is in a checkpoint, in milliseconds since 1970
 */
public record BackupBase(BackupPoint logs, BackupPoint merged, long millis) {

    /** Of a part all of whose logs begin at their start. */
    public static final BackupBase NONE = new BackupBase(BackupPoint.NOTHING, BackupPoint.NOTHING, 0);

    /** Returns what both say, of different slots. */
    public BackupBase plus(BackupBase other) {
        return new BackupBase(plus(logs, other.logs), plus(merged, other.merged), Math.max(millis, other.millis));
    }

    private static BackupPoint plus(BackupPoint some, BackupPoint others) {
        return new BackupPoint(
                Stream.concat(some.logs().stream(), others.logs().stream()).toList());
    }

    /** Returns where the logs of a slot begin. */
    public List<BackedUpLog> logs(int slot) {
        return logs.logs().stream().filter(log -> log.slot() == slot).toList();
    }

    ObjectNode toJson() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("logs", logs.toString())
                .put("merged", merged.toString())
                .put("millis", millis);
    }

    static BackupBase of(JsonNode json) {
        return json.isMissingNode()
                ? NONE
                : new BackupBase(
                        BackupPoint.parse(json.path("logs").asText()),
                        BackupPoint.parse(json.path("merged").asText()),
                        json.path("millis").asLong());
    }
}
