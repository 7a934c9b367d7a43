package io.tidaldb.core.hosting;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.key.WrappedKey;
import io.tidaldb.core.runtime.LoopScheduler;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks again and again whether master keys are still there, or back, and suspends or resumes the tenants whose keys they wrap; and gives a
 * tenant another key whose key has sealed enough, and its first one if whoever created it has ended before.
 *
 * <p>Confined to its scheduler.
 */
public final class KeyWatch {

    private static final Logger LOG = LoggerFactory.getLogger(KeyWatch.class);

    private final ControlPlane control;
    private final Hosting hosting;
    private final TenantKeyrings keyrings;
    private final Duration every;
    private final LoopScheduler scheduler;

    /** Creates a watch that does not run yet. */
    public KeyWatch(
            ControlPlane control, Hosting hosting, TenantKeyrings keyrings, Duration every, LoopScheduler scheduler) {
        this.control = control;
        this.hosting = hosting;
        this.keyrings = keyrings;
        this.every = every;
        this.scheduler = scheduler;
    }

    /** Looks from now on. */
    public void start() {
        if (keyrings.hasVault()) {
            scheduler.schedule(every, this::look);
        }
    }

    private void look() {
        for (EmbeddedTenant tenant : hosting.tenants()) {
            TenantRecord agreed = control.tenant(tenant.id());
            if (agreed != null && agreed.config().encrypted()) {
                look(tenant, agreed);
            }
        }
        scheduler.schedule(every, this::look);
    }

    private void look(EmbeddedTenant tenant, TenantRecord agreed) {
        boolean lacksKeys = agreed.keys().wrapped().isEmpty() && !agreed.keys().revoked();
        if (lacksKeys) {
            // Whoever created it gives it its first, unless it ended in between.
            rotate(tenant.id(), agreed);
            return;
        }
        KeyRing held = tenant.keys();
        KeyRing now = keyrings.of(agreed);
        if (!held.isSameAs(now)) {
            hosting.changed(List.of(tenant.id()));
        } else if (held.isWorn()) {
            rotate(tenant.id(), agreed);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Tried again at the next look.
    private void rotate(TenantId tenant, TenantRecord agreed) {
        List<WrappedKey> keys;
        try {
            keys = keyrings.rotated(tenant, agreed.keys().wrapped());
        } catch (TidalException e) {
            LOG.warn("tenant {} gets no other key yet: {}", tenant, e.getMessage());
            return;
        }
        control.submit(new ClusterCommand.SetTenantKeys(tenant, agreed.digestSeed(), keys))
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        LOG.warn("tenant {} gets no other key yet: {}", tenant, failure.getMessage());
                    }
                });
    }
}
