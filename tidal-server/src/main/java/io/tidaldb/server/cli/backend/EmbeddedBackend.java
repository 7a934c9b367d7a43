package io.tidaldb.server.cli.backend;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.MigrationOptions;
import io.tidaldb.core.Migrations;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Sessions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.server.config.HealthThresholds;
import io.tidaldb.server.http.route.TenantDefaults;
import io.tidaldb.server.http.route.TenantDefinitions;
import io.tidaldb.server.importing.EmbeddedEvents;
import io.tidaldb.server.importing.RecordedEvents;
import io.tidaldb.server.importing.TenantLookup;
import io.tidaldb.server.view.ClusterView;
import io.tidaldb.server.view.EntityErasureView;
import io.tidaldb.server.view.ErasureView;
import io.tidaldb.server.view.MigrationView;
import io.tidaldb.server.view.PlacementView;
import io.tidaldb.server.view.ReadingView;
import io.tidaldb.server.view.SignalTypeView;
import io.tidaldb.server.view.TenantKeyView;
import io.tidaldb.server.view.TenantView;
import io.tidaldb.server.view.UsageCheckView;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A data directory, which this process has open. */
record EmbeddedBackend(Tidal tidal) implements Backend {

    @Override
    public TenantId named(String text) {
        return TenantLookup.named(tidal, text).map(Tenant::id).orElseThrow(() -> NotFound.tenant(text));
    }

    private Tenant existing(TenantId id) {
        return tidal.tenant(id).orElseThrow(() -> NotFound.tenant(id));
    }

    @Override
    public ObjectNode createTenant(NewTenantOptions wanted) {
        TenantId id = wanted.id().orElseGet(() -> TenantLookup.nextFree(tidal));
        return TenantView.describe(tidal.createTenant(wanted.configuration(id)));
    }

    @Override
    public ObjectNode createTenants(List<JsonNode> definitions) {
        return TenantDefinitions.createAll(tidal, definitions, TenantDefaults.UNCONFIGURED, created -> {});
    }

    @Override
    public ObjectNode tenants() {
        return TenantView.list(tidal.tenants());
    }

    @Override
    public ObjectNode tenant(TenantId id) {
        return TenantView.shown(existing(id));
    }

    @Override
    public String label(TenantId id) {
        return existing(id).config().label();
    }

    @Override
    public ObjectNode changeTenant(TenantId id, ChangeOptions change) {
        return TenantView.describe(
                tidal.updateTenant(change.applyTo(existing(id).config())));
    }

    @Override
    public ObjectNode deleteTenant(TenantId id) {
        return ErasureView.delete(tidal, id, TenantView.erasure(existing(id)));
    }

    @Override
    public ObjectNode keys(TenantId id) {
        return TenantKeyView.of(tidal.keys(id));
    }

    @Override
    public ObjectNode rotateKeys(TenantId id) {
        return TenantKeyView.of(tidal.rotateKeys(id));
    }

    @Override
    public ObjectNode suspendKeys(TenantId id, boolean suspended) {
        return TenantKeyView.of(tidal.suspendKeys(id, suspended));
    }

    @Override
    public ObjectNode eraseEntity(TenantId id, EntityId entity) {
        return EntityErasureView.of(tidal.eraseEntity(id, entity));
    }

    @Override
    public ObjectNode entityErasures() {
        return EntityErasureView.list(tidal.entityErasures());
    }

    @Override
    public ObjectNode erasures() {
        return ErasureView.list(tidal.erasures());
    }

    @Override
    public void backup(TenantId id, BackupPoint after, OutputStream out) throws IOException {
        tidal.backup(id, after, out);
    }

    @Override
    public ObjectNode restore(TenantId id, BackupSource backup, RestoreText options) throws IOException {
        return TenantView.describe(tidal.restore(backup, options.options(id)));
    }

    @Override
    public ObjectNode placement(TenantId id) {
        return PlacementView.of(existing(id), tidal.explain(id));
    }

    @Override
    public ObjectNode planCreation(NewTenantOptions wanted) {
        TenantId id = wanted.id().orElseGet(() -> TenantLookup.nextFree(tidal));
        return PlacementView.of(tidal.planCreation(wanted.configuration(id)));
    }

    @Override
    public ObjectNode planChange(TenantId id, ChangeOptions change) {
        return PlacementView.of(tidal.planUpdate(change.applyTo(existing(id).config())));
    }

    @Override
    public ObjectNode planDeletion(TenantId id) {
        return PlacementView.of(tidal.planDeletion(id));
    }

    @Override
    public ObjectNode usage(TenantId id, boolean recount) {
        Tenant tenant = existing(id);
        return recount ? UsageCheckView.of(tenant) : TenantView.usageByHour(tenant);
    }

    @Override
    public ObjectNode cluster() {
        ObjectNode health = ClusterView.describe("", tidal.health(), tidal.tenants(), HealthThresholds.DEFAULT);
        health.setAll(MigrationView.running(tidal.migrations().all()));
        return health;
    }

    @Override
    public ObjectNode migrate(TenantId id, ReplicaId from, ReplicaId to, MigrationOptions options) {
        return migration(tidal.migrations().start(id, from, to, options), null);
    }

    @Override
    public ObjectNode planMigration(
            TenantId id, ReplicaId from, ReplicaId to, MigrationOptions options, boolean afterHold) {
        Migrations migrations = tidal.migrations();
        return MigrationView.of(
                afterHold ? migrations.planAfterHold(id, from, to, options) : migrations.plan(id, from, to, options));
    }

    @Override
    public ObjectNode migrations() {
        return MigrationView.list(tidal.migrations().all());
    }

    @Override
    public ObjectNode migration(long id, @Nullable String change) {
        Migrations migrations = tidal.migrations();
        switch (change == null ? "" : change) {
            case "abort" -> migrations.abort(id);
            case "reverse" -> migrations.reverse(id);
            case "end-hold" -> migrations.endHold(id);
            case "pause" -> migrations.pause(id);
            case "resume" -> migrations.resume(id);
            default -> {}
        }
        return migrations.find(id).map(MigrationView::of).orElseThrow(() -> NotFound.migration(id));
    }

    @Override
    public ObjectNode signals() {
        return SignalTypeView.list(tidal.signals());
    }

    @Override
    public ObjectNode declareSignal(String name, Duration halfLife) {
        return SignalTypeView.of(tidal.declareSignal(name, halfLife));
    }

    @Override
    public RecordedEvents recorded() {
        return new EmbeddedEvents(tidal);
    }

    @Override
    public Position record(TenantId id, Signal signal, WriteOptions options) {
        return existing(id).recordAll(List.of(signal), options);
    }

    @Override
    public ObjectNode reading(TenantId id, String signal, EntityId entity, ReadOptions options) {
        return ReadingView.of(
                signal, existing(id).readAll(signal, List.of(entity), options).get(0));
    }

    @Override
    public ArrayNode top(TenantId id, String signal, int k, ReadOptions options) {
        return ReadingView.ranking(existing(id).top(signal, k, options));
    }

    @Override
    public HardNegatives negatives(TenantId id) {
        return existing(id).negatives();
    }

    @Override
    public Sessions sessions(TenantId id) {
        return existing(id).sessions();
    }

    @Override
    public void close() {
        tidal.close();
    }
}
