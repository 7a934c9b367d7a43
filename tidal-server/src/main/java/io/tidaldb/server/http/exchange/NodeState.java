package io.tidaldb.server.http.exchange;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ClusterInit;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.upgrade.UpgradePhase;
import io.tidaldb.server.auth.AccessLog;
import io.tidaldb.server.config.HealthThresholds;
import io.tidaldb.server.config.NodeConfiguration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Whether a node serves, and with what. Safe for any number of threads. */
public final class NodeState {

    private static final Set<ErrorCode> STOPPED = EnumSet.of(ErrorCode.STORE_FAILED, ErrorCode.INTERNAL);

    private final String cluster;
    private final String node;
    private final RegionId region;
    private final boolean takesFaults;
    private final String starting;
    private final HealthThresholds thresholds;
    private final ClusterInit init = new ClusterInit();
    private final AccessLog access = new AccessLog(InstantSource.system());
    private volatile @Nullable Tidal tidal;
    private volatile boolean draining;
    private volatile @Nullable String failure;

    /** Creates a node that is starting. */
    public NodeState(NodeConfiguration configuration) {
        this.cluster = configuration.cluster();
        this.node = configuration.node().name();
        this.region = configuration.region();
        this.takesFaults = configuration.debug()
                && configuration.http().listen().isLoopback()
                && configuration.transport().listen().isLoopback();
        this.starting = starting(configuration);
        this.thresholds = new HealthThresholds(
                configuration.limits().degradedLag(), configuration.limits().offlineAfter());
    }

    private static String starting(NodeConfiguration configuration) {
        if (!configuration.join().isEmpty()) {
            return "starting; it joins once the cluster, of which it knows "
                    + configuration.join().keySet() + ", has agreed that it is one of its nodes";
        }
        return configuration.peers().isEmpty()
                ? "starting"
                : "starting; it needs a majority of itself and "
                        + configuration.peers().keySet() + ", and all of them to make a new cluster";
    }

    /** Returns the word on which a cluster is made that waits for it. */
    public ClusterInit init() {
        return init;
    }

    /** Returns what was asked of this node by operators, and whom it has refused. */
    public AccessLog access() {
        return access;
    }

    private String starting() {
        return init.isAwaited()
                ? "waiting for its cluster to be made: tidal cluster init, when all nodes run"
                : starting;
    }

    /** It serves from now on. */
    public void opened(Tidal instance) {
        tidal = instance;
    }

    /** It takes no more work. */
    public void draining() {
        draining = true;
    }

    /** Notes a failure after which the store acknowledges nothing more. */
    public void failed(Throwable reason) {
        if (Problem.unwrapped(reason) instanceof TidalException store && STOPPED.contains(store.code())) {
            failure = store.code().name();
        }
    }

    /** Returns why it does not serve, or nothing if it does. */
    public Optional<String> notReady() {
        if (draining) {
            return Optional.of("draining");
        }
        if (failure != null) {
            return Optional.of("failed: " + failure);
        }
        Tidal open = tidal;
        return open == null ? Optional.of(starting()) : outOfService(open);
    }

    // One that is about to be drained serves until it is.
    private Optional<String> outOfService(Tidal open) {
        UpgradePhase phase = open.upgrades().phase(NodeId.of(node));
        return phase == UpgradePhase.DRAINED || phase == UpgradePhase.REJOINING
                ? Optional.of(phase + " for an upgrade")
                : Optional.empty();
    }

    /** Returns the open instance. */
    public Tidal tidal() {
        Tidal open = tidal;
        if (open == null) {
            throw new Refusal(Refusal.Code.UNAVAILABLE, "node " + node + " is " + starting() + ": try again", 1);
        }
        return open;
    }

    /** Returns from when on a region is not healthy. */
    public HealthThresholds thresholds() {
        return thresholds;
    }

    /** Returns whether a token was revoked, as far as this node knows. */
    boolean isRevoked(String token) {
        Tidal open = tidal;
        return open != null && open.isTokenRevoked(token);
    }

    /** Returns the name of the cluster. */
    public String cluster() {
        return cluster;
    }

    /** Returns the name of the node. */
    public String node() {
        return node;
    }

    /** Returns where the node is. */
    public RegionId region() {
        return region;
    }

    /** Returns whether faults may be injected: it is configured so, and nobody beyond this machine reaches it. */
    public boolean takesFaults() {
        return takesFaults;
    }
}
