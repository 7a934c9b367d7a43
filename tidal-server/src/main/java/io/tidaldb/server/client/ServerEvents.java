package io.tidaldb.server.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.RecordedSignal;
import io.tidaldb.server.config.TimeSpan;
import io.tidaldb.server.importing.ActLine;
import io.tidaldb.server.importing.ExportLine;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.importing.LineReader;
import io.tidaldb.server.importing.RecordedEvents;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What a server holds. */
public record ServerEvents(ServerClient client) implements RecordedEvents {

    @Override
    public Map<String, Duration> halfLives() {
        Map<String, Duration> halfLives = new HashMap<>();
        for (JsonNode type : client.call(Request.get("/v1/signals")).path("signals")) {
            halfLives.put(
                    type.path("name").asText(),
                    TimeSpan.parse(type.path("half_life").asText()));
        }
        return halfLives;
    }

    @Override
    public boolean export(TenantId tenant, Consumer<RecordedSignal> consumer) {
        return lines(tenant, "/export", text -> consumer.accept(ExportLine.parse(text)));
    }

    @Override
    public boolean exportActs(TenantId tenant, Consumer<ObjectNode> consumer) {
        return lines(tenant, "/sessions/export", text -> consumer.accept(ActLine.parse(text)));
    }

    private boolean lines(TenantId tenant, String what, Consumer<String> consumer) {
        try (LineReader lines = new LineReader(client.stream(Request.get(ServerTenants.path(tenant) + what)))) {
            for (LineReader.Line line = lines.next(); line != null; line = lines.next()) {
                if (line.fault() != null) {
                    throw new ServerException("line " + line.number() + " of the server's export is " + line.fault());
                }
                consumer.accept(line.text());
            }
            return true;
        } catch (TidalException e) {
            if (e.code() == ErrorCode.TENANT_NOT_FOUND) {
                return false;
            }
            throw e;
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "the export is not complete: " + Problems.safe(String.valueOf(e.getMessage())),
                    e);
        }
    }

    @Override
    public List<Double> scores(TenantId tenant, String signal, List<EntityId> entities, Instant at) {
        ObjectNode question = Json.object().put("signal", signal).put("at", Long.toString(EventTime.nanos(at)));
        ArrayNode asked = question.putArray("entities");
        entities.forEach(entity -> asked.add(entity.toString()));
        JsonNode readings = client.call(Request.question(ServerTenants.path(tenant) + "/reads", question))
                .path("readings");
        if (readings.size() != entities.size()) {
            throw new ServerException("the server answers with " + readings.size() + " readings: expected "
                    + entities.size() + "; is it of another version?");
        }
        List<Double> scores = new ArrayList<>(entities.size());
        readings.forEach(reading -> scores.add(reading.path("score").asDouble()));
        return scores;
    }
}
