package io.tidaldb.core.replica;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.TenantRecord;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/** What a configuration asks for that changes who holds a tenant's replicas, and the wait until it is done. */
public final class ReplicaChanges {

    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);
    private static final int LOOKS = 2_500;

    private final ControlPlane control;
    private final ReplicaUpkeep upkeep;
    private final Consumer<Duration> pause;

    /** @param pause lets the caller wait */
    public ReplicaChanges(ControlPlane control, ReplicaUpkeep upkeep, Consumer<Duration> pause) {
        this.control = control;
        this.upkeep = upkeep;
        this.pause = pause;
    }

    /** Returns what has to be agreed so that those hold a tenant that a configuration wants; empty if they do, or will. */
    public Optional<ClusterCommand> change(TenantConfig config) {
        TenantRecord known = control.tenant(config.id());
        return known == null
                        || known.wanted().requiredRegions().equals(config.requiredRegions())
                                && known.wanted().withoutReplicas().equals(config.withoutReplicas())
                ? Optional.empty()
                : Optional.of(new ClusterCommand.ChangeReplicas(
                        config.id(), config.requiredRegions(), config.withoutReplicas()));
    }

    /**
     * Waits until those that come hold the tenant, and it is erased from those that left.
     *
     * @throws TidalException DEADLINE_EXCEEDED after 50 seconds: then the change is agreed, and goes on
     */
    public void await(TenantId tenant) {
        for (int looks = 0; looks < LOOKS; looks++) {
            TenantRecord known = control.tenant(tenant);
            if (known == null || known.change() == null) {
                return;
            }
            pause.accept(LOOK_AGAIN);
        }
        throw new TidalException(
                ErrorCode.DEADLINE_EXCEEDED,
                "the change of tenant " + tenant + "'s replicas is agreed, and not done yet: "
                        + upkeep.waitsFor(tenant).orElse("another node sees to it")
                        + "; it goes on by itself: ask again with tidal tenant explain " + tenant);
    }
}
