package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.audit.AuditChange;
import io.tidaldb.core.upgrade.NodeUpgrade;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a command is about, as it was before the command, to be compared with what it is after it. */
final class CommandImage {

    private static final Pattern WORD = Pattern.compile("(?<=[a-z])(?=[A-Z])");

    private final ClusterCommand command;
    private final @Nullable ObjectNode before;

    /** Other tenants that the command may change by the way. */
    private final SortedMap<TenantId, ObjectNode> tenants = new TreeMap<>();

    /** Takes note of a change. */
    interface Notes {

        /** See {@link io.tidaldb.core.audit.AuditEntry}. */
        void take(String command, @Nullable TenantId tenant, @Nullable String about, AuditChange change);
    }

    private CommandImage(ClusterState state, ClusterCommand command) {
        this.command = command;
        this.before = image(state, command);
        if (command instanceof ClusterCommand.TakeOver take) {
            take.promotions().forEach(each -> {
                ObjectNode tenant = tenant(state, each.tenant());
                if (tenant != null) {
                    tenants.put(each.tenant(), tenant);
                }
            });
        }
    }

    static CommandImage before(ClusterState state, ClusterCommand command) {
        return new CommandImage(state, command);
    }

    /** Notes what the command came to; nothing if it has left all as it was. */
    void after(ClusterState state, Reply reply, Notes notes) {
        AuditChange change = reply instanceof Reply.Refused refused
                ? AuditChange.refused(refused.code().name(), refused.message())
                : compared(state);
        if (!change.isNothing() || before != null && before.isEmpty()) {
            notes.take(name(command), command.tenant(), about(command), change);
        }
        tenants.forEach((id, was) -> {
            AuditChange other = AuditChange.of(was, tenant(state, id));
            if (!other.isNothing()) {
                notes.take("promote", id, null, other);
            }
        });
    }

    /** Returns what has changed since. */
    AuditChange compared(ClusterState state) {
        return AuditChange.of(before, image(state, command));
    }

    /** Returns {@code create-tenant} for {@code CreateTenant}. */
    private static String name(ClusterCommand command) {
        return WORD.matcher(command.getClass().getSimpleName()).replaceAll("-").toLowerCase(Locale.ROOT);
    }

    private static @Nullable String about(ClusterCommand command) {
        if (command instanceof ClusterCommand.Promote promote) {
            return promote.leader().toString();
        } else if (command instanceof ClusterCommand.Prefer prefer) {
            return prefer.leader().toString();
        } else if (command instanceof ClusterCommand.GrantIncarnation grant) {
            return grant.replica().toString();
        } else if (command instanceof ClusterCommand.ReportDamage report) {
            return report.replica() + ": " + report.what();
        } else if (command instanceof ClusterCommand.RevokeToken revoke) {
            return "token "
                    + revoke.token().substring(0, Math.min(12, revoke.token().length()));
        } else if (command instanceof ClusterCommand.OfDrill drill) {
            return "region " + drill.drill().lost();
        } else if (command instanceof ClusterCommand.StartMigration start) {
            return start.from() + " to " + start.to();
        } else if (command instanceof ClusterCommand.OfMigration migration) {
            return "migration " + MigrationCodec.idOf(migration);
        } else if (command instanceof ClusterCommand.EraseEntity erase) {
            return "entity " + Long.toUnsignedString(erase.entity());
        } else if (command instanceof ClusterCommand.ConfirmEntityErasure confirm) {
            return "erasure " + confirm.number() + " on " + confirm.node();
        } else if (command instanceof ClusterCommand.TakeOver take) {
            return take.from().name();
        } else if (command instanceof ClusterCommand.RegisterNode register) {
            return register.node().name();
        } else if (command instanceof ClusterCommand.AddNode add) {
            return add.node().name();
        } else if (command instanceof ClusterCommand.RemoveNode remove) {
            return remove.node().name();
        } else if (command instanceof ClusterCommand.ReplaceNode replace) {
            return replace.node().name();
        } else if (command instanceof ClusterCommand.ReplicasFilled filled) {
            return filled.node().name();
        } else if (upgraded(command) != null) {
            return String.valueOf(upgraded(command));
        } else if (command instanceof ClusterCommand.DeclareSignal declare
                && ClusterState.isSignalName(declare.name())) {
            return declare.name();
        }
        return null;
    }

    /** Returns the node whose upgrade a command is about; null if it is about something else. */
    private static @Nullable NodeId upgraded(ClusterCommand command) {
        if (command instanceof ClusterCommand.DrainNode drain) {
            return drain.node();
        } else if (command instanceof ClusterCommand.RejoinNode rejoin) {
            return rejoin.node();
        }
        return command instanceof ClusterCommand.UpgradeStep step
                ? step.node()
                : command instanceof ClusterCommand.NodeVersion runs ? runs.node() : null;
    }

    private static @Nullable ObjectNode upgrade(ClusterState state, NodeId node) {
        NodeUpgrade known = state.upgrades().of(node);
        ObjectNode image = known == null ? object() : UpgradeCodec.object(object(), known);
        return image.put("version", state.upgrades().version(node).toString());
    }

    private static @Nullable ObjectNode image(ClusterState state, ClusterCommand command) {
        if (command instanceof ClusterCommand.EraseEntity || command instanceof ClusterCommand.ReportDamage) {
            return object();
        }
        TenantId tenant = command.tenant();
        if (command instanceof ClusterCommand.OfDrill drill) {
            DrillRecord known = state.drills().of(drill.tenant());
            return known == null ? null : DrillTable.put(object(), known);
        } else if (command instanceof ClusterCommand.OfMigration migration) {
            return migration(state, migration);
        } else if (tenant != null) {
            return tenant(state, tenant);
        } else if (command instanceof ClusterCommand.DefineTopology) {
            return topology(state);
        } else if (command instanceof ClusterCommand.DeclareSignal declare) {
            return state.schema().stream()
                    .filter(entry -> entry.name().equals(declare.name()))
                    .findFirst()
                    .map(entry -> object().put("half_life_nanos", entry.halfLifeNanos()))
                    .orElse(null);
        } else if (command instanceof ClusterCommand.GrantIncarnation grant) {
            return object().put("incarnation", state.incarnation(grant.replica()));
        } else if (command instanceof ClusterCommand.TakeOver take) {
            return object().put("lease", state.lease(take.from()));
        }
        NodeId upgraded = upgraded(command);
        if (command instanceof ClusterCommand.FinalizeUpgrade) {
            return object().put("finalized", state.upgrades().finalized().releaseText());
        }
        if (upgraded != null) {
            return upgrade(state, upgraded);
        }
        // Nothing to show: it is noted all the same.
        return object();
    }

    private static @Nullable ObjectNode topology(ClusterState state) {
        if (state.shards().isEmpty()) {
            return null;
        }
        ObjectNode image = object().put("cluster", state.cluster());
        ArrayNode shards = image.putArray("shards");
        state.shards().forEach(each -> shards.add(each.replica() + " on " + each.node()));
        return image;
    }

    private static @Nullable ObjectNode tenant(ClusterState state, TenantId id) {
        TenantRecord record = state.tenant(id);
        if (record == null) {
            return null;
        }
        ObjectNode image = object();
        CommandCodec.putConfig(image, record.config());
        image.remove("tenant");
        CommandCodec.putReplicas(image, "placement", record.placement());
        CommandCodec.putReplicas(image, "preferred", record.preferred());
        image.put("epoch", record.epoch());
        ReplicaCodec.putChange(image, record.change());
        if (record.config().encrypted()) {
            image.put("key", record.keys().wrapped().size())
                    .put("keys_revoked", record.keys().revoked());
        }
        if (state.restoring().contains(id)) {
            image.put("restoring", true);
        }
        return image;
    }

    // With its tenant, as a cutover changes who leads.
    private static @Nullable ObjectNode migration(ClusterState state, ClusterCommand.OfMigration command) {
        ObjectNode image = tenant(state, command.tenant());
        MigrationRecord known = command instanceof ClusterCommand.StartMigration start
                ? state.migrations().running(start.tenant(), start.from())
                : state.migrations().get(MigrationCodec.idOf(command));
        if (image == null || known == null) {
            return image;
        }
        MigrationCodec.putRecord(image, known);
        // That of the entry says the same.
        image.remove(List.of("tenant", "changed_ms"));
        return image;
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }
}
