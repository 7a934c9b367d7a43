package io.tidaldb.server.cli.backend;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Sessions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.client.ServerEvents;
import io.tidaldb.server.client.ServerNegatives;
import io.tidaldb.server.client.ServerSessions;
import io.tidaldb.server.client.ServerTarget;
import io.tidaldb.server.client.ServerTenants;
import io.tidaldb.server.client.SignalWrite;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.importing.RecordedEvents;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A server, or several of one cluster. */
public record ServerBackend(ServerClient client) implements Backend {

    // A node gives up after ten minutes, and says so.
    private static final Duration RECOUNT = Duration.ofSeconds(615);

    private static final Duration RESTORE = Duration.ofHours(6);

    @Override
    public TenantId named(String text) {
        return new ServerTenants(client).named(text).orElseThrow(() -> NotFound.tenant(text));
    }

    @Override
    public ObjectNode createTenant(NewTenantOptions wanted) {
        return client.call(Request.change("POST", "/v1/tenants", wanted.toJson()));
    }

    @Override
    public ObjectNode createTenants(List<JsonNode> definitions) {
        ObjectNode wanted = Json.object();
        wanted.putArray("tenants").addAll(definitions);
        return client.call(Request.change("POST", "/v1/tenants:batch", wanted));
    }

    @Override
    public ObjectNode tenants() {
        return client.call(Request.get("/v1/tenants"));
    }

    @Override
    public ObjectNode tenant(TenantId id) {
        return client.call(Request.get(ServerTenants.path(id)));
    }

    @Override
    public String label(TenantId id) {
        return tenant(id).path("label").asText();
    }

    @Override
    public ObjectNode changeTenant(TenantId id, ChangeOptions change) {
        ObjectNode changed = client.call(Request.change("PATCH", ServerTenants.path(id), change.toJson()));
        changed.remove("usage");
        return changed;
    }

    @Override
    public ObjectNode deleteTenant(TenantId id) {
        return client.call(Request.change("DELETE", ServerTenants.path(id), null));
    }

    @Override
    public ObjectNode keys(TenantId id) {
        return client.call(Request.get(ServerTenants.path(id) + "/keys"));
    }

    @Override
    public ObjectNode rotateKeys(TenantId id) {
        return client.call(Request.change("POST", ServerTenants.path(id) + "/keys/rotate", null));
    }

    @Override
    public ObjectNode suspendKeys(TenantId id, boolean suspended) {
        return client.call(
                Request.change("POST", ServerTenants.path(id) + (suspended ? "/keys/revoke" : "/keys/restore"), null));
    }

    @Override
    public ObjectNode eraseEntity(TenantId id, EntityId entity) {
        return client.call(Request.change("DELETE", ServerTenants.path(id) + "/entities/" + entity, null));
    }

    @Override
    public ObjectNode entityErasures() {
        return client.call(Request.get("/v1/erasures/entities"));
    }

    @Override
    public ObjectNode erasures() {
        return client.call(Request.get("/v1/erasures"));
    }

    @Override
    public void backup(TenantId id, BackupPoint after, OutputStream out) throws IOException {
        String query = after.equals(BackupPoint.NOTHING) ? "" : "?after=" + Request.encoded(after.toString());
        try (InputStream part = client.stream(Request.get(ServerTenants.path(id) + "/backup" + query))) {
            part.transferTo(out);
        }
    }

    @Override
    public ObjectNode restore(TenantId id, BackupSource backup, RestoreText options) {
        Request request =
                new Request("POST", ServerTenants.path(id) + "/backup" + options.query(), null, null, false, RESTORE);
        return client.upload(request, () -> {
            try {
                return backup.open();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Override
    public ObjectNode placement(TenantId id) {
        return client.call(Request.get(ServerTenants.path(id) + "/placement"));
    }

    @Override
    public ObjectNode planCreation(NewTenantOptions wanted) {
        return client.call(Request.question("/v1/tenants?dry_run=true", wanted.toJson()));
    }

    @Override
    public ObjectNode planChange(TenantId id, ChangeOptions change) {
        return client.call(Request.change("PATCH", ServerTenants.path(id) + "?dry_run=true", change.toJson()));
    }

    @Override
    public ObjectNode planDeletion(TenantId id) {
        return client.call(Request.change("DELETE", ServerTenants.path(id) + "?dry_run=true", null));
    }

    @Override
    public ObjectNode usage(TenantId id, boolean recount) {
        String usage = ServerTenants.path(id) + "/usage";
        return client.call(recount ? Request.lengthy(usage + "?verify=true", RECOUNT) : Request.get(usage));
    }

    @Override
    public ObjectNode cluster() {
        return client.call(Request.get("/v1/cluster"));
    }

    @Override
    public ObjectNode signals() {
        return client.call(Request.get("/v1/signals"));
    }

    @Override
    public ObjectNode declareSignal(String name, Duration halfLife) {
        return client.call(ServerTarget.declaration(name, halfLife));
    }

    @Override
    public RecordedEvents recorded() {
        return new ServerEvents(client);
    }

    @Override
    public Position record(TenantId id, Signal signal, WriteOptions options) {
        return SignalWrite.position(client.call(SignalWrite.request(id, List.of(signal), options)));
    }

    @Override
    public ObjectNode reading(TenantId id, String signal, EntityId entity, ReadOptions options) {
        ObjectNode question = Json.object().put("signal", signal);
        question.putArray("entities").add(entity.toString());
        options.at().ifPresent(at -> question.put("at", Long.toString(EventTime.nanos(at))));
        options.minPosition().ifPresent(position -> question.put("min_position", position.toString()));
        JsonNode reading = client.call(Request.question(ServerTenants.path(id) + "/reads", question))
                .at("/readings/0");
        if (reading instanceof ObjectNode answer) {
            return answer;
        }
        throw unexpected("a reading");
    }

    @Override
    public ArrayNode top(TenantId id, String signal, int k, ReadOptions options) {
        StringBuilder path = new StringBuilder(ServerTenants.path(id))
                .append("/top?signal=")
                .append(Request.encoded(signal))
                .append("&k=")
                .append(k);
        options.at().ifPresent(at -> path.append("&at=").append(EventTime.nanos(at)));
        options.minPosition()
                .ifPresent(position -> path.append("&min_position=").append(Request.encoded(position.toString())));
        options.user().ifPresent(user -> path.append("&user=").append(user));
        if (client.call(Request.get(path.toString())).get("entities") instanceof ArrayNode entities) {
            return entities;
        }
        throw unexpected("a ranking");
    }

    @Override
    public HardNegatives negatives(TenantId id) {
        return new ServerNegatives(client, id);
    }

    @Override
    public Sessions sessions(TenantId id) {
        return new ServerSessions(client, id);
    }

    private static TidalException unexpected(String what) {
        return new TidalException(
                ErrorCode.UNSUPPORTED, "the server's answer is not " + what + ": is it of another version?");
    }

    @Override
    public ObjectNode migrate(TenantId id, ReplicaId from, ReplicaId to, MigrationOptions options) {
        return client.call(Request.change("POST", "/v1/migrations", json(id, from, to, options)));
    }

    @Override
    public ObjectNode planMigration(
            TenantId id, ReplicaId from, ReplicaId to, MigrationOptions options, boolean afterHold) {
        String path = "/v1/migrations?dry_run=true" + (afterHold ? "&after_hold=true" : "");
        return client.call(Request.question(path, json(id, from, to, options)));
    }

    private static ObjectNode json(TenantId id, ReplicaId from, ReplicaId to, MigrationOptions options) {
        ObjectNode body = Json.object()
                .put("tenant", Long.toUnsignedString(id.value()))
                .put("from", from.toString())
                .put("to", to.toString())
                .put("max_write_pause", DurationText.print(options.maxWritePause()))
                .put("verify", options.full() ? "full" : "digest");
        if (options.slowDown()) {
            body.put("slow_down", true);
        }
        options.maxBytesPerSecond().ifPresent(most -> body.put("max_bytes_per_sec", most));
        options.hold().ifPresent(hold -> body.put("hold", DurationText.print(hold)));
        return body;
    }

    @Override
    public ObjectNode migrations() {
        return client.call(Request.get("/v1/migrations"));
    }

    @Override
    public ObjectNode migration(long id, @Nullable String change) {
        String path = "/v1/migrations/" + id;
        return client.call(change == null ? Request.get(path) : Request.change("POST", path + "/" + change, null));
    }

    @Override
    public void close() {
        client.close();
    }
}
