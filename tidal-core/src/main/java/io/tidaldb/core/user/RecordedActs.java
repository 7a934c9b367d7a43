package io.tidaldb.core.user;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.RecordedAct;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.codec.HardNegativeRecord;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.ingest.Node;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** Makes what users see of what logs hold about them. */
public final class RecordedActs {

    private static final NegativeKind[] KINDS = NegativeKind.values();

    private RecordedActs() {}

    /** Hands over the acts of a batch that count. */
    public static void each(Node.Counted counted, IntFunction<String> signalName, Consumer<RecordedAct> consumer) {
        counted.forEachUserRecord((record, seqno) -> consumer.accept(of(
                WalSegmentId.of(counted.batch().origin(), seqno),
                counted.batch().hlc(),
                record,
                signalName)));
    }

    /** Returns what users see of a record. */
    public static RecordedAct of(WalSegmentId position, long hlc, UserRecord record, IntFunction<String> signalName) {
        if (record instanceof SessionRecord write) {
            return new RecordedAct.InSession(
                    position,
                    hlc,
                    SessionId.of(write.session()),
                    SessionSeqNo.of((int) write.number()),
                    event(write.content(), signalName),
                    EventTime.instant(write.eventNanos()));
        }
        HardNegativeRecord negative = (HardNegativeRecord) record;
        NegativeKind kind = KINDS[negative.what()];
        EntityId user = EntityId.of(negative.user());
        EntityId entity = EntityId.of(negative.item());
        List<WalSegmentId> withdrawn = negative.withdrawn();
        return withdrawn == null
                ? new RecordedAct.Hidden(position, hlc, kind, user, entity)
                : new RecordedAct.Withdrawn(position, hlc, kind, user, entity, withdrawn);
    }

    /** Returns what a write of a session says. */
    static SessionEvent event(SessionRecord.Content content, IntFunction<String> signalName) {
        if (content instanceof SessionRecord.Start start) {
            return new SessionEvent.Start(EntityId.of(start.user()));
        } else if (content instanceof SessionRecord.Preference preference) {
            return new SessionEvent.Preference(preference.key(), preference.value());
        } else if (content instanceof SessionRecord.Annotation annotation) {
            return new SessionEvent.Annotation(EntityId.of(annotation.entity()), annotation.text());
        } else if (content instanceof SessionRecord.Query query) {
            return new SessionEvent.Query(query.text());
        } else if (content instanceof SessionRecord.Interaction interaction) {
            return new SessionEvent.Interaction(
                    signalName.apply(interaction.type()), EntityId.of(interaction.entity()), interaction.weight());
        }
        return new SessionEvent.Close();
    }
}
