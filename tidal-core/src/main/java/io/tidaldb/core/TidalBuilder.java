package io.tidaldb.core;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.key.KeyVaultFactory;
import io.tidaldb.api.transport.PeerRefusal;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.embedded.Deployment;
import io.tidaldb.core.embedded.Limits;
import io.tidaldb.core.ingest.NodeSettings;
import io.tidaldb.core.leading.LeadershipSettings;
import io.tidaldb.core.membership.InitWord;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.replication.ReplicationSettings;
import io.tidaldb.core.runtime.Platform;
import io.tidaldb.core.runtime.SystemPlatform;
import io.tidaldb.core.scrub.ScrubSettings;
import io.tidaldb.core.wiring.PluginModule;
import io.tidaldb.core.wiring.PluginModule.Plugin;
import io.tidaldb.core.wiring.Plugins;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Configures and opens an instance. Not thread-safe. All defaults together give one node that keeps everything in memory. */
public final class TidalBuilder {

    private static final long CLOSE_CHECKPOINT_BYTES = 64 << 10;

    private @Nullable Path dataDir;

    private @Nullable RegionId region;

    private @Nullable Plugin<WalStoreFactory> wal;

    private @Nullable Plugin<TransportFactory> transport;

    private @Nullable Topology topology;

    private @Nullable ClusterMember member;

    private @Nullable ClusterInit init;

    private @Nullable Plugin<ControlLogFactory> controlLog;

    private @Nullable Path pluginsDir;

    private @Nullable Path keys;

    private String limiter = "token-bucket";
    private String placement = "rendezvous";
    private Plugin<KeyVaultFactory> keyVault = Plugin.named(KeyVaultFactory.class, "file");
    private Duration keyCheck = Duration.ofSeconds(10);
    private BiConsumer<String, PeerRefusal> refusedPeers = (host, why) -> {};
    private long segmentBytes = WalStoreContext.DEFAULT_SEGMENT_BYTES;
    private Duration maxFuture = Duration.ofMinutes(5);
    private Duration idempotencyHorizon = Duration.ofHours(24);

    private @Nullable Duration retention;
    private ScrubSettings scrub = ScrubSettings.DEFAULT;

    private Duration retentionMax = Duration.ofHours(24);

    private long queueBytesPerTenant = 8L << 20;

    private @Nullable Long queueBytes;

    private @Nullable Double capacity;

    private Duration lease = LeadershipSettings.DEFAULT.lease();
    private Duration returnAfter = LeadershipSettings.DEFAULT.returnAfter();

    private double migrationLatencyFactor = 1.25;

    private Platform platform = new SystemPlatform();
    private ReplicationSettings replication = ReplicationSettings.DEFAULT;
    private final Map<String, Duration> signals = new LinkedHashMap<>();
    private final Map<String, Duration> defaultSignals = new LinkedHashMap<>();

    TidalBuilder() {}

    /** Keeps everything in this directory, which is created if missing; without it the instance lives in memory only. */
    public TidalBuilder dataDir(Path directory) {
        dataDir = directory;
        return this;
    }

    /** Places the node in this region; region 0 unless set, or what the data directory says. */
    public TidalBuilder region(RegionId id) {
        region = id;
        return this;
    }

    /** Runs several nodes in this process. */
    public TidalBuilder topology(Topology nodes) {
        topology = nodes;
        return this;
    }

    /**
     * Runs one node of a cluster whose other nodes are other processes; with {@link #topology}, the same for all of them. It serves what it
     * has and asks the others for the rest. Opening waits until a majority of the nodes is there.
     */
    public TidalBuilder member(ClusterMember place) {
        member = place;
        return this;
    }

    /** Chooses where decisions are agreed; "local", or "ratis" for a member of a cluster with peers. */
    public TidalBuilder controlLog(ControlLogFactory factory) {
        controlLog = new Plugin<>(ControlLogFactory.class, factory.name(), factory);
        return this;
    }

    /** Chooses the log store plugin; "file", or "memory" without a data directory. */
    public TidalBuilder wal(String plugin) {
        wal = Plugin.named(WalStoreFactory.class, plugin);
        return this;
    }

    /** Keeps logs in stores of this factory, which need not be installed as a plugin. */
    public TidalBuilder wal(WalStoreFactory factory) {
        wal = new Plugin<>(WalStoreFactory.class, factory.name(), factory);
        return this;
    }

    /** Chooses the transport between nodes; "inproc", which is needed only if shards have replicas on several nodes. */
    public TidalBuilder transport(String plugin) {
        transport = Plugin.named(TransportFactory.class, plugin);
        return this;
    }

    /** Connects nodes by transports of this factory, which need not be installed as a plugin. */
    public TidalBuilder transport(TransportFactory factory) {
        transport = new Plugin<>(TransportFactory.class, factory.name(), factory);
        return this;
    }

    /**
     * Lets a new cluster be made only when the word is given, by one of its members, when all of them run; unless set, the first of
     * them by name makes it, as soon as all run and say that they are new. {@link #open} waits for it, without a bound.
     */
    public TidalBuilder init(ClusterInit word) {
        init = word;
        return this;
    }

    /** Changes what the instance runs on: its clocks, threads and disks. For simulations. */
    public TidalBuilder platform(Platform runsOn) {
        platform = runsOn;
        return this;
    }

    /** Bounds what replication holds in memory and has on its way. For simulations. */
    public TidalBuilder replication(ReplicationSettings bounds) {
        replication = bounds;
        return this;
    }

    /** Chooses the rate limiter plugin; "token-bucket". */
    public TidalBuilder limiter(String plugin) {
        limiter = plugin;
        return this;
    }

    /** Chooses the placement policy plugin; "rendezvous". */
    public TidalBuilder placement(String plugin) {
        placement = plugin;
        return this;
    }

    /**
     * Lets tenants be encrypted, with master keys from this directory: {@code shared-N.key} for all tenants, or {@code tT-N.key} for tenant T
     * alone, each 32 random bytes that only their owner may read; the same on all nodes. Kept apart from the data directory and its copies.
     */
    public TidalBuilder keys(Path directory) {
        keys = directory;
        return this;
    }

    /**
     * Sets how often it is looked whether master keys are still there, from 10 ms to a minute; 10 seconds unless set. A tenant whose master key
     * is gone is suspended after that, and goes on when it is back.
     */
    public TidalBuilder keyCheck(Duration every) {
        inRange("key check in milliseconds", every.toMillis(), 10, 60_000);
        keyCheck = every;
        return this;
    }

    /**
     * Tells this one, from any thread, of everybody who asks a member for a link and is refused, from which host, and of whoever has one as a
     * client and asks for what only nodes may, by his name; and why.
     */
    public TidalBuilder refusedPeers(BiConsumer<String, PeerRefusal> listener) {
        refusedPeers = listener;
        return this;
    }

    /** Chooses the key vault plugin, which {@link #keys} is for; "file". */
    public TidalBuilder keyVault(String plugin) {
        keyVault = Plugin.named(KeyVaultFactory.class, plugin);
        return this;
    }

    /** Has master keys in vaults of this factory, which need not be installed as a plugin; with {@link #keys}, too. */
    public TidalBuilder keyVault(KeyVaultFactory factory) {
        keyVault = new Plugin<>(KeyVaultFactory.class, factory.name(), factory);
        return this;
    }

    /**
     * Looks for further plugins in this directory, beside the class path: {@code NAME/*.jar} or {@code X.jar}, each with a class loader of
     * its own that sees {@code io.tidaldb.api}, {@code org.slf4j} and the JDK. What can't be used is an error only if it is chosen.
     */
    public TidalBuilder pluginsDir(Path directory) {
        pluginsDir = directory;
        return this;
    }

    /** Declares a type of signal, as {@link Tidal#declareSignal}. */
    public TidalBuilder signal(String name, Duration halfLife) {
        signals.put(name, halfLife);
        return this;
    }

    /** Declares a type of signal if the data directory has no declared types at all. */
    public TidalBuilder defaultSignal(String name, Duration halfLife) {
        defaultSignals.put(name, halfLife);
        return this;
    }

    /** Sets the size at which a segment is closed; 4 KiB to 1 GiB, 16 MiB unless set. */
    public TidalBuilder segmentBytes(long bytes) {
        segmentBytes = inRange("segment bytes", bytes, 4 << 10, 1L << 30);
        return this;
    }

    /** Sets how far ahead an event time may lie; 5 minutes unless set. */
    public TidalBuilder maxFuture(Duration bound) {
        maxFuture = notNegative("max future", bound);
        return this;
    }

    /** Sets how long idempotency keys are remembered; 24 hours unless set. */
    public TidalBuilder idempotencyHorizon(Duration horizon) {
        idempotencyHorizon = notNegative("idempotency horizon", horizon);
        return this;
    }

    /** Drops records from the logs that are older than this and in a checkpoint; logs keep everything unless set. */
    public TidalBuilder retention(Duration age) {
        retention = notNegative("retention", age);
        return this;
    }

    /**
     * Sets how often what is held is read again to find damage, from the end of one reading to the begin of the next, and how fast at most; a
     * day and 4 MiB a second unless set. A zero interval switches it off. The first begins after the interval, or an hour if that is less.
     * What is damaged is fetched from another replica that holds all of it.
     *
     * @param interval at most 365 days
     * @param bytesPerSecond at least 4096
     */
    public TidalBuilder scrub(Duration interval, long bytesPerSecond) {
        scrub = new ScrubSettings(interval, bytesPerSecond);
        return this;
    }

    /**
     * Sets for how long logs keep what a replica lacks that is not heard of, if they drop anything at all; 24 hours unless set. One that is
     * away for longer gets a snapshot when it comes back. A replica counts as away after some seconds, however short this is.
     */
    public TidalBuilder retentionMax(Duration age) {
        retentionMax = notNegative("retention max", age);
        return this;
    }

    /** Bounds the bytes of a tenant that wait to be committed; beyond it writes are refused as OVERLOADED. 8 MiB unless set. */
    public TidalBuilder queueBytesPerTenant(long bytes) {
        queueBytesPerTenant = inRange("queue bytes per tenant", bytes, 64 << 10, 1L << 30);
        return this;
    }

    /**
     * Bounds what waits to be committed for all tenants together, from 1 MiB to 64 GiB; a quarter of the heap unless set. When so much
     * waits, each tenant is held to its even share, and a write beyond that is refused as {@link ErrorCode#OVERLOADED}.
     */
    public TidalBuilder queueBytes(long bytes) {
        queueBytes = inRange("queue bytes", bytes, 1 << 20, 64L << 30);
        return this;
    }

    /**
     * States how many signals a second a node can take, above 0; then tenants can't reserve more than that together. Unless set, reserves are
     * served first but not checked.
     */
    public TidalBuilder capacitySignalsPerSecond(double signalsPerSecond) {
        if (!(signalsPerSecond > 0 && signalsPerSecond < Double.POSITIVE_INFINITY)) {
            throw TidalException.invalid(
                    "capacity of " + signalsPerSecond + " signals a second is out of range: expected a number above 0");
        }
        capacity = signalsPerSecond;
        return this;
    }

    /**
     * Sets for how long a member of a cluster leads after it has last renewed that with the others, from 200 ms to a minute; 700 ms unless
     * set. A node that fails is followed by another one after little more than that; one that stands still for longer, or is cut off, takes
     * no writes until it has renewed.
     */
    public TidalBuilder lease(Duration length) {
        lease = new LeadershipSettings(length, returnAfter).lease();
        return this;
    }

    /**
     * Sets for how long a member that comes back must be up before it gets back what it led, up to a day; 10 seconds unless set.
     */
    public TidalBuilder returnAfter(Duration up) {
        returnAfter = new LeadershipSettings(lease, up).returnAfter();
        return this;
    }

    /**
     * Sets by how much the p99 of acknowledging writes may grow on a node while a tenant is copied to it or from it, by a move, a backup or
     * a restore: copying slows down until that holds. From 1 to 100, or 0 for no bound; 1.25 unless set.
     */
    public TidalBuilder migrationLatencyFactor(double factor) {
        if (factor != 0 && !(factor >= 1 && factor <= 100)) {
            throw TidalException.invalid(
                    "migration latency factor " + factor + " is out of range: expected 1 to 100, or 0 for no bound");
        }
        migrationLatencyFactor = factor;
        return this;
    }

    // Its methods are for nobody but the member that waits.
    private record Word(ClusterInit init) implements InitWord {

        @Override
        public void await(boolean from) {
            init.await(from);
        }

        @Override
        public @Nullable CompletableFuture<Void> taken() {
            return init.taken();
        }

        @Override
        public TidalException made() {
            return ClusterInit.made();
        }
    }

    private long queueBytes() {
        return queueBytes != null
                ? queueBytes
                : Math.max(1 << 20, Runtime.getRuntime().maxMemory() / 4);
    }

    /**
     * Opens the instance, recovering what a crash left. Tenants with damaged logs are quarantined and do not fail it. A member of a
     * cluster waits up to five minutes for a majority of its nodes; an interrupt ends that.
     *
     * @throws TidalException DIRECTORY_LOCKED, DIRECTORY_MISMATCH, FORMAT_TOO_NEW, PLUGIN_UNAVAILABLE, SIGNAL_CONFLICT or
     *     INVALID_CONFIGURATION; NOT_OWNER or DEADLINE_EXCEEDED if there was no majority in time; CLOSED if the thread was interrupted
     *     while it waited for one
     */
    public Tidal open() {
        Deployment deployment = new Deployment(dataDir, region, topology, member);
        Plugin<WalStoreFactory> store = wal != null
                ? wal
                : Plugin.named(
                        WalStoreFactory.class, deployment.knownWal().orElse(dataDir == null ? "memory" : "file"));
        // Not closed with the instance: a thread that a plugin leaves behind may still need its classes. They go with
        // the last of them.
        Plugins plugins = PluginModule.choose(
                PluginCatalog.discover(pluginsDir),
                new PluginModule.Choice(store, transport, limiter, placement, controlLog(), keyVault, platform));
        NodeSettings settings = new NodeSettings(
                member == null ? Deployment.CLUSTER : member.cluster(),
                millis(idempotencyHorizon),
                retention == null ? -1 : millis(retention),
                millis(retentionMax),
                CLOSE_CHECKPOINT_BYTES,
                migrationLatencyFactor);
        return deployment.open(
                plugins,
                settings,
                replication,
                segmentBytes,
                new Limits(
                        maxFuture,
                        queueBytesPerTenant,
                        queueBytes(),
                        capacity,
                        new LeadershipSettings(lease, returnAfter),
                        scrub,
                        init == null ? null : new Word(init),
                        keys,
                        keyCheck),
                refusedPeers,
                signals,
                defaultSignals);
    }

    private Plugin<ControlLogFactory> controlLog() {
        boolean alone = member == null || member.peers().isEmpty();
        return controlLog != null ? controlLog : Plugin.named(ControlLogFactory.class, alone ? "local" : "ratis");
    }

    // At most a million years, so that it can be added to a time.
    private static long millis(Duration duration) {
        Duration most = Duration.ofDays(365_000_000);
        return (duration.compareTo(most) < 0 ? duration : most).toMillis();
    }

    private static long inRange(String what, long value, long min, long max) {
        if (value < min || value > max) {
            throw TidalException.invalid(what + " " + value + " is out of range: expected " + min + " to " + max);
        }
        return value;
    }

    private static Duration notNegative(String what, Duration value) {
        if (value.isNegative()) {
            throw TidalException.invalid(what + " " + value + " is negative: expected 0 or more");
        }
        return value;
    }
}
