package io.tidaldb.core.embedded;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.BackupReport;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.ClusterHealth;
import io.tidaldb.core.EntityErasure;
import io.tidaldb.core.ErasureCertificate;
import io.tidaldb.core.Membership;
import io.tidaldb.core.Migrations;
import io.tidaldb.core.PlacementExplanation;
import io.tidaldb.core.Reconciliation;
import io.tidaldb.core.RegionDrill;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.ScrubFigures;
import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantCreation;
import io.tidaldb.core.TenantKeyState;
import io.tidaldb.core.TenantPlan;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.Upgrades;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.core.audit.AuditPage;
import io.tidaldb.core.backup.BackupPoint;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** An instance as somebody sees it whose changes are recorded as his. */
record ActingTidal(EmbeddedTidal tidal, Actor actor) implements Tidal {

    @Override
    public Tidal as(Actor other) {
        return new ActingTidal(tidal, other);
    }

    @Override
    public AuditPage audit(long from, int limit, @Nullable TenantId tenant) {
        return tidal.audit(from, limit, tenant);
    }

    @Override
    public SignalType declareSignal(String name, Duration halfLife) {
        return tidal.acting(actor, () -> tidal.declareSignal(name, halfLife));
    }

    @Override
    public List<SignalType> signals() {
        return tidal.signals();
    }

    @Override
    public Tenant createTenant(TenantConfig config) {
        return tidal.acting(actor, () -> tidal.createTenant(config));
    }

    @Override
    public List<TenantCreation> createTenants(List<TenantConfig> configs) {
        return tidal.acting(actor, () -> tidal.createTenants(configs));
    }

    @Override
    public Tenant updateTenant(TenantConfig config) {
        return tidal.updateTenant(config, actor);
    }

    @Override
    public void deleteTenant(TenantId id) {
        tidal.acting(actor, () -> {
            tidal.deleteTenant(id);
            return id;
        });
    }

    @Override
    public PlacementExplanation explain(TenantId id) {
        return tidal.explain(id);
    }

    @Override
    public TenantPlan planCreation(TenantConfig config) {
        return tidal.planCreation(config);
    }

    @Override
    public TenantPlan planUpdate(TenantConfig config) {
        return tidal.planUpdate(config);
    }

    @Override
    public TenantPlan planDeletion(TenantId id) {
        return tidal.planDeletion(id);
    }

    @Override
    public Optional<Tenant> tenant(TenantId id) {
        return tidal.tenant(id);
    }

    @Override
    public Optional<Tenant> tenantLabelled(String label) {
        return tidal.tenantLabelled(label);
    }

    @Override
    public List<Tenant> tenants() {
        return tidal.tenants();
    }

    @Override
    public TenantKeyState keys(TenantId id) {
        return tidal.keys(id);
    }

    @Override
    public TenantKeyState rotateKeys(TenantId id) {
        return tidal.acting(actor, () -> tidal.rotateKeys(id));
    }

    @Override
    public TenantKeyState suspendKeys(TenantId id, boolean suspended) {
        return tidal.acting(actor, () -> tidal.suspendKeys(id, suspended));
    }

    @Override
    public void revokeToken(String id) {
        tidal.acting(actor, () -> {
            tidal.revokeToken(id);
            return id;
        });
    }

    @Override
    public boolean isTokenRevoked(String id) {
        return tidal.isTokenRevoked(id);
    }

    @Override
    public EntityErasure eraseEntity(TenantId tenant, EntityId entity) {
        return tidal.acting(actor, () -> tidal.eraseEntity(tenant, entity));
    }

    @Override
    public List<EntityErasure> entityErasures() {
        return tidal.entityErasures();
    }

    @Override
    public List<ErasureCertificate> erasures() {
        return tidal.erasures();
    }

    @Override
    public BackupReport backup(TenantId tenant, BackupPoint after, OutputStream out) throws IOException {
        return tidal.backup(tenant, after, out);
    }

    @Override
    public Tenant restore(BackupSource backup, RestoreOptions options) throws IOException {
        return tidal.restore(backup, options, actor);
    }

    @Override
    public ClusterHealth health() {
        return tidal.health();
    }

    @Override
    public Reconciliation reconciliation(@Nullable TenantId tenant) {
        return tidal.reconciliation(tenant);
    }

    @Override
    public Reconciliation reconcile(@Nullable TenantId tenant) {
        return tidal.reconcile(tenant);
    }

    @Override
    public List<NodeId> cutLinks(Collection<RegionId> regions, Duration span) {
        return tidal.cutLinks(regions, span);
    }

    @Override
    public Migrations migrations() {
        return tidal.migrations(actor);
    }

    @Override
    public Membership membership() {
        return tidal.membership(actor);
    }

    @Override
    public Upgrades upgrades() {
        return tidal.upgrades(actor);
    }

    @Override
    public void checkpoint() {
        tidal.checkpoint();
    }

    @Override
    public ScrubFigures scrub() {
        return tidal.scrub();
    }

    @Override
    public void promote(TenantId tenant, ReplicaId leader) {
        tidal.acting(actor, () -> {
            tidal.promote(tenant, leader);
            return leader;
        });
    }

    @Override
    public RegionDrill drill(TenantId tenant, RegionId region) {
        return tidal.drill(tenant, region, actor);
    }

    @Override
    public void crashNode(NodeId node) {
        tidal.crashNode(node);
    }

    @Override
    public void stopNode(NodeId node) {
        tidal.stopNode(node);
    }

    @Override
    public void startNode(NodeId node) {
        tidal.startNode(node);
    }

    @Override
    public void handOver() {
        tidal.handOver();
    }

    @Override
    public void abandon() {
        tidal.abandon();
    }

    @Override
    public CompletionStage<TidalException> failure() {
        return tidal.failure();
    }

    @Override
    public void close() {
        tidal.close();
    }
}
