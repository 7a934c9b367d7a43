package io.tidaldb.core.user;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Session;
import io.tidaldb.core.SessionEntry;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Sessions;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.ingest.SessionImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The sessions of a tenant. */
public record TenantSessions(TenantId tenant, UserStore store) implements Sessions {

    @Override
    public Position write(SessionId session, SessionSeqNo number, SessionEvent event, WriteOptions options) {
        return store.await(begun(session, number, event, options), options);
    }

    @Override
    public CompletionStage<Position> writeAsync(
            SessionId session, SessionSeqNo number, SessionEvent event, WriteOptions options) {
        try {
            return begun(session, number, event, options);
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Position> begun(
            SessionId session, SessionSeqNo number, SessionEvent event, WriteOptions options) {
        if (event instanceof SessionEvent.Start != number.equals(SessionSeqNo.FIRST)) {
            throw TidalException.invalid("number " + number + " of session " + session + " is "
                    + (event instanceof SessionEvent.Start ? "no start: expected number 1" : "its start")
                    + "; a session is started by number 1, and by nothing else");
        }
        SessionRecord record = new SessionRecord(session.value(), number.value(), store.nowNanos(), content(event));
        WriteOptions keyed = options.idempotencyKey().isPresent() ? options : options.with(key(record));
        return store.write(record, keyed);
    }

    // A write and its retry have one content, other writes under the same number have others.
    private static IdempotencyKey key(SessionRecord record) {
        HashValue128 hash = Hashing.xxh3_128()
                .hashStream()
                .putLong(record.session())
                .putLong(record.number())
                .putLong(record.identity())
                .get();
        return new IdempotencyKey(hash.getMostSignificantBits(), hash.getLeastSignificantBits());
    }

    private SessionRecord.Content content(SessionEvent event) {
        if (event instanceof SessionEvent.Start start) {
            return new SessionRecord.Start(start.user().value());
        } else if (event instanceof SessionEvent.Preference preference) {
            return new SessionRecord.Preference(preference.key(), preference.value());
        } else if (event instanceof SessionEvent.Annotation annotation) {
            return new SessionRecord.Annotation(annotation.entity().value(), annotation.text());
        } else if (event instanceof SessionEvent.Query query) {
            return new SessionRecord.Query(query.text());
        } else if (event instanceof SessionEvent.Interaction interaction) {
            return new SessionRecord.Interaction(
                    interaction.entity().value(), store.signalType(interaction.signal()), (float) interaction.weight());
        }
        return new SessionRecord.Close();
    }

    @Override
    public Session read(SessionId session, ReadOptions options) {
        SessionImage image = store.session(session.value(), options);
        List<SessionEntry> entries = new ArrayList<>();
        Map<Origin, SessionSeqNo> writtenBy = new HashMap<>();
        SortedMap<String, SessionImage.Write> latest = new TreeMap<>();
        EntityId user = null;
        boolean closed = false;
        for (SessionImage.Write write : image.writes()) {
            SessionRecord record = write.record();
            if (record.number() > image.mark()) {
                // What comes before it is still on its way.
                continue;
            }
            SessionSeqNo number = SessionSeqNo.of((int) record.number());
            writtenBy.merge(write.name().origin(), number, (a, b) -> a.compareTo(b) > 0 ? a : b);
            entries.add(new SessionEntry(
                    number,
                    RecordedActs.event(record.content(), store::signalName),
                    EventTime.instant(record.eventNanos()),
                    write.name(),
                    write.hlc()));
            closed |= record.content() instanceof SessionRecord.Close;
            if (record.content() instanceof SessionRecord.Start start && user == null) {
                user = EntityId.of(start.user());
            } else if (record.content() instanceof SessionRecord.Preference preference) {
                latest.merge(preference.key(), write, TenantSessions::later);
            }
        }
        if (user == null) {
            throw new TidalException(
                    ErrorCode.SESSION_NOT_FOUND,
                    "tenant " + tenant + " has no session " + session + " on " + image.replica()
                            + ": expected one that was started, not more than seven days idle; one that was started elsewhere just now"
                            + " is waited for if the read presents its position");
        }
        SortedMap<String, String> preferences = new TreeMap<>();
        latest.forEach((key, write) ->
                preferences.put(key, ((SessionRecord.Preference) write.record().content()).value()));
        return new Session(
                session,
                user,
                SessionSeqNo.of((int) image.mark()),
                writtenBy,
                closed,
                preferences,
                entries,
                image.replica(),
                image.stalenessNanos() < 0 ? Reading.UNKNOWN_STALENESS : Duration.ofNanos(image.stalenessNanos()));
    }

    private static SessionImage.Write later(SessionImage.Write one, SessionImage.Write other) {
        int order = Long.compareUnsigned(one.hlc(), other.hlc());
        return order > 0 || order == 0 && one.name().compareTo(other.name()) > 0 ? one : other;
    }
}
