package io.tidaldb.server.cli.wal;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.codec.HardNegativeRecord;
import io.tidaldb.core.codec.SessionRecord;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;

/** Records about users as they stand in a log, as JSON. */
final class UserRecordText {

    private UserRecordText() {}

    static void describe(HardNegativeRecord record, ObjectNode result) {
        List<WalSegmentId> withdrawn = record.withdrawn();
        result.put("type", withdrawn == null ? "added" : "withdrawn")
                .put("negative", NegativeKind.values()[record.what()].name().toLowerCase(Locale.ROOT))
                .put("user", Long.toUnsignedString(record.user()))
                .put("entity", Long.toUnsignedString(record.item()));
        if (withdrawn != null) {
            ArrayNode names = result.putArray("records");
            withdrawn.forEach(each -> names.add(each.toString()));
        }
    }

    /** @param signals returns the name of a type of signal */
    static void describe(SessionRecord record, IntFunction<String> signals, ObjectNode result) {
        result.put("session", Long.toUnsignedString(record.session())).put("number", record.number());
        describe(record.content(), signals, result);
        result.put("ts", EventTime.instant(record.eventNanos()).toString());
    }

    private static void describe(SessionRecord.Content content, IntFunction<String> signals, ObjectNode result) {
        if (content instanceof SessionRecord.Start start) {
            result.put("type", "start").put("user", Long.toUnsignedString(start.user()));
        } else if (content instanceof SessionRecord.Preference preference) {
            result.put("type", "preference").put("key", preference.key()).put("value", preference.value());
        } else if (content instanceof SessionRecord.Annotation annotation) {
            result.put("type", "annotation")
                    .put("entity", Long.toUnsignedString(annotation.entity()))
                    .put("text", annotation.text());
        } else if (content instanceof SessionRecord.Query query) {
            result.put("type", "query").put("text", query.text());
        } else if (content instanceof SessionRecord.Interaction interaction) {
            result.put("type", "interaction")
                    .put("signal", signals.apply(interaction.type()))
                    .put("entity", Long.toUnsignedString(interaction.entity()))
                    .put("weight", interaction.weight());
        } else {
            result.put("type", "close");
        }
    }
}
