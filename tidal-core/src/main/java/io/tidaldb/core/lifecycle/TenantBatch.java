package io.tidaldb.core.lifecycle;

import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.TenantCreation;
import io.tidaldb.core.audit.AuditTrail;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Reply;
import io.tidaldb.core.key.WrappedKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Many tenants that are created together, as few decisions as there can be. Used by one thread. */
final class TenantBatch {

    /** How much of a command a tenant takes, besides its shards. */
    private static final int TENANT_BYTES = 512;

    private static final int SHARD_BYTES = 32;
    private static final int MAX_BYTES = 512 << 10;
    private static final int MAX_TENANTS = AuditTrail.KEPT / 2;

    private final TenantLifecycle tenants;
    private final SortedMap<Integer, TenantCreation> done = new TreeMap<>();
    private final List<Wanted> command = new ArrayList<>();
    private final Set<TenantId> ids = new HashSet<>();
    private final Set<String> labels = new HashSet<>();
    private int bytes;

    private record Wanted(int place, TenantConfig config, ClusterCommand.CreateTenant create, List<WrappedKey> keys) {}

    TenantBatch(TenantLifecycle tenants) {
        this.tenants = tenants;
        tenants.all().forEach(tenant -> labels.add(tenant.config().label()));
        labels.remove(TenantConfig.DEFAULT_LABEL);
    }

    /** Creates what can be created; returns what became of each, in order. */
    List<TenantCreation> create(List<TenantConfig> configs) {
        for (int place = 0; place < configs.size(); place++) {
            TenantConfig config = configs.get(place);
            try {
                add(place, config);
            } catch (TidalException e) {
                done.put(place, new TenantCreation(config.id(), null, e));
            }
        }
        flush();
        return List.copyOf(done.values());
    }

    private void add(int place, TenantConfig config) {
        boolean reserves = config.reservedSignalsPerSecond().isPresent();
        if (ids.contains(config.id()) || reserves) {
            // What is promised to one counts for the next.
            flush();
        }
        if (labels.contains(config.label())) {
            throw TidalException.invalid("label \"" + config.label() + "\" of tenant " + config.id()
                    + " is taken by another tenant: choose another label");
        }
        List<ReplicaId> placement = tenants.placed(config);
        int size = TENANT_BYTES + SHARD_BYTES * placement.size();
        if (command.size() == MAX_TENANTS || bytes + size > MAX_BYTES) {
            flush();
        }
        command.add(new Wanted(place, config, tenants.creation(config, placement), tenants.firstKeys(config)));
        bytes += size;
        ids.add(config.id());
        if (!config.label().equals(TenantConfig.DEFAULT_LABEL)) {
            labels.add(config.label());
        }
        if (reserves) {
            flush();
        }
    }

    private void flush() {
        if (command.isEmpty()) {
            return;
        }
        List<Wanted> now = List.copyOf(command);
        command.clear();
        ids.clear();
        bytes = 0;
        try {
            List<Reply> replies =
                    tenants.decideAll(now.stream().map(Wanted::create).toList());
            List<TenantConfig> created = new ArrayList<>();
            for (int i = 0; i < now.size(); i++) {
                Wanted wanted = now.get(i);
                if (replies.get(i) instanceof Reply.Refused refused) {
                    refuse(wanted, new TidalException(refused.code(), refused.message()));
                } else {
                    tenants.decideKeys(wanted.create(), wanted.keys());
                    created.add(wanted.config());
                }
            }
            tenants.opened(created);
            now.stream().filter(wanted -> !done.containsKey(wanted.place())).forEach(this::found);
        } catch (TidalException e) {
            now.stream().filter(wanted -> !done.containsKey(wanted.place())).forEach(wanted -> refuse(wanted, e));
        }
    }

    private void found(Wanted wanted) {
        try {
            done.put(
                    wanted.place(),
                    new TenantCreation(
                            wanted.config().id(),
                            tenants.existing(wanted.config().id()).everywhere(),
                            null));
        } catch (TidalException e) {
            refuse(wanted, e);
        }
    }

    private void refuse(Wanted wanted, TidalException reason) {
        if (!wanted.config().label().equals(TenantConfig.DEFAULT_LABEL)) {
            labels.remove(wanted.config().label());
        }
        done.put(wanted.place(), new TenantCreation(wanted.config().id(), null, reason));
    }
}
