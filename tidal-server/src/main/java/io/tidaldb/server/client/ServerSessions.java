package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.WalSegmentId;
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
import io.tidaldb.server.importing.ActLine;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.SessionEventText;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;

/** The sessions of a tenant of a server. */
public record ServerSessions(ServerClient client, TenantId tenant) implements Sessions {

    @Override
    public Position write(SessionId session, SessionSeqNo number, SessionEvent event, WriteOptions options) {
        return SignalWrite.position(client.call(request(session, number, event, options)));
    }

    @Override
    public CompletionStage<Position> writeAsync(
            SessionId session, SessionSeqNo number, SessionEvent event, WriteOptions options) {
        return client.send(request(session, number, event, options)).thenApply(SignalWrite::position);
    }

    private Request request(SessionId session, SessionSeqNo number, SessionEvent event, WriteOptions options) {
        if (event instanceof SessionEvent.Start start) {
            ObjectNode body = Json.object()
                    .put("session", session.toString())
                    .put("user", start.user().toString());
            return Request.write(path(), body, options);
        }
        ObjectNode body = Json.object().put("number", number.value());
        ActLine.describe(event, body);
        return Request.write(path() + "/" + session + "/writes", body, options);
    }

    @Override
    public Session read(SessionId session, ReadOptions options) {
        String query = ReadQuery.freshness(options);
        JsonNode answer =
                client.call(Request.get(path() + "/" + session + (query.isEmpty() ? "" : "?" + query.substring(1))));
        List<SessionEntry> entries = new ArrayList<>();
        Map<Origin, SessionSeqNo> writtenBy = new TreeMap<>();
        for (JsonNode write : answer.path("writes")) {
            SessionEntry entry = entry(write);
            entries.add(entry);
            writtenBy.merge(entry.position().origin(), entry.number(), (a, b) -> a.compareTo(b) > 0 ? a : b);
        }
        SortedMap<String, String> preferences = new TreeMap<>();
        answer.path("preferences")
                .properties()
                .forEach(each -> preferences.put(each.getKey(), each.getValue().asText()));
        JsonNode staleness = answer.path("staleness_ms");
        return new Session(
                session,
                EntityId.parse(answer.path("user").asText()),
                SessionSeqNo.of(answer.path("high_water_mark").asInt()),
                writtenBy,
                answer.path("closed").asBoolean(),
                preferences,
                entries,
                ReplicaId.parse(answer.path("replica").asText()),
                staleness.isNumber() ? Duration.ofMillis(staleness.asLong()) : Reading.UNKNOWN_STALENESS);
    }

    private static SessionEntry entry(JsonNode write) {
        return new SessionEntry(
                SessionSeqNo.of(write.path("number").asInt()),
                SessionEventText.parse(
                        name -> Optional.ofNullable(write.get(name)).map(JsonNode::asText)),
                Instant.parse(write.path("at").asText()),
                WalSegmentId.parse(write.path("position").asText()),
                Long.parseUnsignedLong(write.path("hlc").asText()));
    }

    private String path() {
        return ServerTenants.path(tenant) + "/sessions";
    }
}
