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
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Sessions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.server.importing.RecordedEvents;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What commands work on: a data directory that is open, or a server. Both answer with the JSON of {@link io.tidaldb.server.view}, and fail
 * alike.
 */
public interface Backend extends AutoCloseable {

    /**
     * Returns the number of the tenant that a text names: {@code 42}, {@code t42} or a label.
     *
     * @throws io.tidaldb.api.TidalException TENANT_NOT_FOUND; where the text is a number, at the latest when it is used
     */
    TenantId named(String text);

    ObjectNode createTenant(NewTenantOptions wanted);

    /** Creates tenants as the HTTP interface takes them; returns what became of each, in order. */
    ObjectNode createTenants(List<JsonNode> definitions);

    ObjectNode tenants();

    /** Returns configuration, placement and usage. */
    ObjectNode tenant(TenantId id);

    /** Returns a tenant's name for people. */
    String label(TenantId id);

    /** Changes what is given; returns configuration and placement. */
    ObjectNode changeTenant(TenantId id, ChangeOptions change);

    ObjectNode deleteTenant(TenantId id);

    /** Returns where a tenant is, and why, as {@link io.tidaldb.server.view.PlacementView} describes it. */
    ObjectNode placement(TenantId id);

    /** Returns what has become of tenants that were deleted. */
    ObjectNode erasures();

    /** Returns how a tenant's keys are. */
    ObjectNode keys(TenantId id);

    /** Gives an encrypted tenant another key; returns how its keys are then. */
    ObjectNode rotateKeys(TenantId id);

    /** Forbids or allows the use of an encrypted tenant's keys; returns how they are then. */
    ObjectNode suspendKeys(TenantId id, boolean suspended);

    /** Erases an entity of a tenant; returns the certificate as it is then. */
    ObjectNode eraseEntity(TenantId id, EntityId entity);

    /** Returns what has become of entities that were erased. */
    ObjectNode entityErasures();

    /** Writes a part of a backup, as {@link io.tidaldb.core.Tidal#backup} describes it. */
    void backup(TenantId id, BackupPoint after, OutputStream out) throws IOException;

    /** Makes a tenant of a backup; returns configuration and placement. */
    ObjectNode restore(TenantId id, BackupSource backup, RestoreText options) throws IOException;

    /** Returns what {@link #createTenant(NewTenantOptions)} would come to. */
    ObjectNode planCreation(NewTenantOptions wanted);

    /** Returns what {@link #changeTenant} would come to. */
    ObjectNode planChange(TenantId id, ChangeOptions change);

    /** Returns what {@link #deleteTenant} would come to. */
    ObjectNode planDeletion(TenantId id);

    /**
     * Returns usage, by hour, too.
     *
     * @param recount whether it is counted again from the log, as {@code from_log}
     */
    ObjectNode usage(TenantId id, boolean recount);

    /** Returns health as {@link io.tidaldb.server.view.ClusterView} describes it. */
    ObjectNode cluster();

    /** Returns the declared types of signal. */
    ObjectNode signals();

    /** Declares a type of signal; returns it. */
    ObjectNode declareSignal(String name, Duration halfLife);

    Position record(TenantId id, Signal signal, WriteOptions options);

    /** Returns what is recorded, to be read back. */
    RecordedEvents recorded();

    /** Returns all that is known about an entity. */
    ObjectNode reading(TenantId id, String signal, EntityId entity, ReadOptions options);

    /** Returns the entities with the highest scores. */
    ArrayNode top(TenantId id, String signal, int k, ReadOptions options);

    /** Returns what users do not want to see. */
    HardNegatives negatives(TenantId id);

    /** Returns the sessions of users. */
    Sessions sessions(TenantId id);

    /** Begins to move a tenant; returns how far the migration is. */
    ObjectNode migrate(TenantId id, ReplicaId from, ReplicaId to, MigrationOptions options);

    /**
     * Returns what {@link #migrate} would come to.
     *
     * @param afterHold whether that is once what an earlier migration of the slot still holds has been erased
     */
    ObjectNode planMigration(TenantId id, ReplicaId from, ReplicaId to, MigrationOptions options, boolean afterHold);

    /** Returns migrations as {@link io.tidaldb.server.view.MigrationView} describes them. */
    ObjectNode migrations();

    /** Returns a migration, after a change to it if one is named as in the path of the HTTP interface. */
    ObjectNode migration(long id, @Nullable String change);

    @Override
    void close();
}
