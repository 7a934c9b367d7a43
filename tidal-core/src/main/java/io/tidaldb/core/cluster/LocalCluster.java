package io.tidaldb.core.cluster;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.ClusterMember;
import io.tidaldb.core.codec.OriginSet;
import io.tidaldb.core.control.NodeRecord;
import io.tidaldb.core.ingest.LogsNeeded;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.network.NodeNetwork;
import io.tidaldb.core.replication.ReplicationLag;
import io.tidaldb.core.replication.Replicator;
import io.tidaldb.core.replication.SlotAssignment;
import io.tidaldb.core.routing.ShardReplicas;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The nodes of this process: which run, how they are connected, and what part each has in a slot.
 *
 * <p>Changed under the lock of the instance; safe for any thread to read.
 */
public final class LocalCluster {

    private static final Logger LOG = LoggerFactory.getLogger(LocalCluster.class);

    private final NodeLauncher launcher;
    private final @Nullable ClusterMember member;
    private volatile Layout layout;
    private final SortedMap<NodeId, LocalNode> running = new ConcurrentSkipListMap<>();
    /** What is waited for, by the node that is to do it. */
    private final Map<NodeId, SortedMap<Long, CompletableFuture<?>>> expected = new ConcurrentHashMap<>();

    private final AtomicLong tasks = new AtomicLong();

    /** Those of them that serve: one that has not begun to listen does not know its address. */
    private final SortedSet<NodeId> started = new ConcurrentSkipListSet<>();

    /** What is agreed on which nodes there are and what they have. */
    private record Layout(
            List<ShardAssignment> topology,
            List<NodeRecord> nodes,
            ShardReplicas replicas,
            Map<ReplicaId, NodeId> hosts) {

        Layout(List<ShardAssignment> topology, List<NodeRecord> nodes) {
            this(
                    List.copyOf(topology),
                    List.copyOf(nodes),
                    new ShardReplicas(topology),
                    topology.stream().collect(Collectors.toMap(ShardAssignment::replica, ShardAssignment::node)));
        }

        @Nullable
        NodeRecord active(NodeId name) {
            return nodes.stream()
                    .filter(each -> each.node().equals(name) && !each.removed())
                    .findFirst()
                    .orElse(null);
        }
    }

    /**
     * Creates a cluster none of whose nodes runs yet.
     *
     * @param member the one node of this process, if the others are other processes
     */
    public LocalCluster(
            NodeLauncher launcher,
            @Nullable ClusterMember member,
            List<ShardAssignment> topology,
            List<NodeRecord> nodes) {
        this.launcher = launcher;
        this.member = member;
        this.layout = new Layout(topology, nodes);
    }

    /** Goes by what is agreed now; returns whether other nodes have replicas than before. */
    public boolean follow(List<ShardAssignment> topology, List<NodeRecord> nodes) {
        boolean moved = !layout.topology.equals(topology);
        if (moved || !layout.nodes.equals(nodes)) {
            layout = new Layout(topology, nodes);
            LocalNode own = member == null ? null : running.get(member.node());
            if (member != null && layout.active(member.node()) == null) {
                LOG.error(
                        "node {} was removed from the cluster: it leads nothing any more, and can't be started again; stop it",
                        member.node());
            }
            if (member != null && own != null && own.network() != null) {
                PeerLinks.follow(member, own.network(), nodes);
            }
        }
        return moved;
    }

    /** Returns who holds which shard. */
    public ShardReplicas replicas() {
        return layout.replicas;
    }

    /** Returns the names of all nodes, running or not, in order. */
    public List<NodeId> names() {
        return layout.nodes.stream()
                .filter(each -> !each.removed())
                .map(NodeRecord::node)
                .sorted()
                .toList();
    }

    /** Returns where other nodes reach a node, if there are others and it is known. */
    public Optional<String> address(NodeId name) {
        LocalNode node = running.get(name);
        if (node != null && started.contains(name)) {
            return Optional.ofNullable(node.network()).map(NodeNetwork::address);
        }
        NodeRecord known = layout.active(name);
        if (member == null || isLocal(name) || known == null) {
            return Optional.empty();
        }
        return Optional.of(member.peers().getOrDefault(name, known.address())).filter(text -> !text.isEmpty());
    }

    /** Returns the names of the nodes that run in this process, if they are not ended, in order. */
    public List<NodeId> localNames() {
        return member == null ? names() : List.of(member.node());
    }

    /** Returns whether a node is one of this process. */
    public boolean isLocal(NodeId name) {
        return member == null || member.node().equals(name);
    }

    /** Returns the replicas that a node hosts. */
    public List<ReplicaId> hosted(NodeId node) {
        return layout.topology.stream()
                .filter(each -> each.node().equals(node))
                .map(ShardAssignment::replica)
                .toList();
    }

    /** Returns where a node is. */
    public RegionId region(NodeId node) {
        NodeRecord known = layout.active(node);
        if (known == null) {
            throw unknown(node);
        }
        return known.region();
    }

    private TidalException unknown(NodeId node) {
        return TidalException.invalid("node " + node + " does not exist: expected one of " + names());
    }

    /** Opens a node, which begins to serve with {@link LocalNode#start}. */
    public Node open(NodeId name) {
        // A member may be given replicas while it runs.
        boolean replicated = member != null && !member.peers().isEmpty()
                || hosted(name).stream().anyMatch(replica -> replicas().isReplicated(replica.shard()));
        LocalNode node = launcher.open(name, region(name), replicated);
        running.put(name, node);
        return node.node();
    }

    /** Lets a node serve, and connects it with those with which it shares a shard. */
    public void start(NodeId name) {
        LocalNode node = running(name);
        node.start();
        for (NodeId other : started) {
            LocalNode peer = running(other);
            if (node.replicator() != null && peer.replicator() != null && shares(name, other)) {
                node.replicator().addPeer(other, peer.replicator().address());
                peer.replicator().addPeer(name, node.replicator().address());
            }
        }
        if (member != null && node.network() != null) {
            PeerLinks.follow(member, node.network(), layout.nodes);
        }
        started.add(name);
    }

    private boolean shares(NodeId one, NodeId other) {
        return hosted(one).stream()
                .anyMatch(replica ->
                        hosted(other).stream().anyMatch(theirs -> theirs.shard().equals(replica.shard())));
    }

    /** Takes a node away from those that run, for whoever ends it; what was waited for of it fails. */
    public LocalNode remove(NodeId name) {
        LocalNode node = running(name);
        running.remove(name);
        started.remove(name);
        SortedMap<Long, CompletableFuture<?>> waiting = expected.remove(name);
        if (waiting != null) {
            TidalException ended = new TidalException(ErrorCode.PEER_UNAVAILABLE, "node " + name + " has ended");
            waiting.values().forEach(each -> each.completeExceptionally(ended));
        }
        return node;
    }

    /**
     * Has a node do something, and returns what completes like that, and fails if the node has ended or ends before: a crash answers nobody,
     * and comes at any moment.
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Who waits has the other one.
    public <T> CompletableFuture<T> unlessEnded(NodeId name, Supplier<CompletableFuture<T>> task) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        long number = tasks.incrementAndGet();
        // Noted before it begins: what begins on a node that ends right then would never end.
        SortedMap<Long, CompletableFuture<?>> waiting = expected.compute(name, (node, noted) -> {
            SortedMap<Long, CompletableFuture<?>> all = noted == null ? new ConcurrentSkipListMap<>() : noted;
            all.put(number, answer);
            return all;
        });
        try {
            running(name);
            task.get().whenComplete((result, failure) -> {
                waiting.remove(number);
                if (failure == null) {
                    answer.complete(result);
                } else {
                    answer.completeExceptionally(failure);
                }
            });
        } catch (TidalException e) {
            waiting.remove(number);
            answer.completeExceptionally(e);
        }
        return answer;
    }

    private LocalNode running(NodeId name) {
        LocalNode node = running.get(name);
        if (node == null) {
            if (!names().contains(name)) {
                throw unknown(name);
            }
            throw new TidalException(ErrorCode.PEER_UNAVAILABLE, "node " + name + " is not running: start it first");
        }
        return node;
    }

    /** Returns whether a node of this process runs. */
    public boolean isRunning(NodeId name) {
        return running.containsKey(name);
    }

    /** Returns whether a node of this process runs, or there is a link from here to another one. */
    public boolean isReachable(NodeId name) {
        LocalNode here = running.get(member == null ? name : member.node());
        return here != null && (isLocal(name) || here.isUp(name));
    }

    /** Returns the nodes that run, in order. */
    public List<Node> nodes() {
        return running.values().stream().map(LocalNode::node).toList();
    }

    /** Returns how much more the disk of a node of this process has room for, in bytes; 0 if the node does not run. */
    public long usableBytes(NodeId name) {
        LocalNode node = running.get(name);
        return node == null ? 0 : node.node().usableBytes();
    }

    /** Returns the name of the node that hosts a replica. */
    public NodeId nameOf(ReplicaId replica) {
        NodeId host = layout.hosts.get(replica);
        if (host == null) {
            throw new TidalException(ErrorCode.NOT_OWNER, "shard " + replica + " is on no node of this cluster");
        }
        return host;
    }

    /** Returns the nodes that hold a slot, given a replica of it, running or not. */
    public List<NodeId> holders(TenantShard shard, TenantConfig tenant) {
        return replicas().allowed(shard.replica().shard(), tenant).stream()
                .map(ShardAssignment::node)
                .toList();
    }

    /** Returns the node that hosts a replica, if it runs. */
    public Node node(ReplicaId replica) {
        return running(nameOf(replica)).node();
    }

    /**
     * Checks that the node that hosts a replica is there to serve it.
     *
     * @throws TidalException PEER_UNAVAILABLE
     */
    public void requireReachable(ReplicaId replica) {
        NodeId name = nameOf(replica);
        if (isLocal(name)) {
            running(name);
        } else if (!isReachable(name)) {
            throw new TidalException(
                    ErrorCode.PEER_UNAVAILABLE,
                    "node " + name + ", which has shard " + replica + ", can't be reached: start it, or wait for it");
        }
    }

    /**
     * Gives a replica its part in a slot, if others hold it too.
     *
     * @param incarnation in which the leader writes
     * @param former the origins under which others may have written before
     */
    public CompletableFuture<Void> assign(
            TenantShard shard, TenantConfig tenant, SlotPart part, long epoch, int incarnation, OriginSet former) {
        List<ShardAssignment> members = replicas().allowed(part.shard(), tenant);
        LocalNode host = running(nameOf(shard.replica()));
        @Nullable Replicator replicator = host.replicator();
        CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
        boolean replicated = members.size() > 1 && replicator != null;
        // Where there are other nodes, one of them may be given a replica later, and begins with the logs.
        shard.alone(replicator == null && !part.moving());
        if (replicated || part.moving()) {
            shard.replicated(replicated);
            done = host.node().ledBy(shard, part.leader(), nameOf(part.leader()), epoch, incarnation, former);
        } else {
            done = host.node().foldOn(shard);
        }
        if (replicated && replicator != null) {
            // Nobody has counted on it under another part.
            var unused = replicator.assign(assignment(shard, tenant, part, epoch));
        } else if (replicator != null) {
            // Nobody else may hold it on its shard, or the others have left. What another shard needs is said apart.
            shard.needed(LogsNeeded.NOTHING);
            if (shard.isReplicated()) {
                shard.replicated(false);
                replicator.drop(shard);
            }
        }
        return done;
    }

    /** Returns whether others hold a replica's slot too, and did before. */
    public boolean shares(TenantShard shard, TenantConfig tenant) {
        return shard.isReplicated()
                && replicas().allowed(shard.replica().shard(), tenant).size() > 1;
    }

    /** A replica holds its slot no more: nothing of it is sent or taken there. */
    public void left(TenantShard shard) {
        LocalNode host = running.get(nameOf(shard.replica()));
        if (host != null && host.replicator() != null) {
            host.replicator().drop(shard);
        }
    }

    /** Tells a replica that leads or follows as before who else holds its slot now; from when this completes it counts on these. */
    public CompletableFuture<Void> membersChanged(TenantShard shard, TenantConfig tenant, SlotPart part, long epoch) {
        LocalNode host = running(nameOf(shard.replica()));
        return host.replicator() == null
                ? CompletableFuture.completedFuture(null)
                : host.replicator().assign(assignment(shard, tenant, part, epoch));
    }

    private SlotAssignment assignment(TenantShard shard, TenantConfig tenant, SlotPart part, long epoch) {
        return new SlotAssignment(
                shard,
                epoch,
                nameOf(part.head()),
                part.isPassive(),
                replicas().allowed(part.shard(), tenant).stream()
                        .map(ShardAssignment::node)
                        .toList());
    }

    /** Returns the replication of the node that hosts a replica; null if it shares no shard with others. */
    public @Nullable Replicator replicator(ReplicaId replica) {
        return running(nameOf(replica)).replicator();
    }

    /** Does something with the replication of each node that runs. */
    public void forEachReplicator(Consumer<Replicator> action) {
        running.values().stream()
                .map(LocalNode::replicator)
                .filter(replicator -> replicator != null)
                .forEach(action);
    }

    /** Returns how far the followers of what a node leads are behind, if it runs and has any. */
    public Optional<CompletableFuture<List<ReplicationLag>>> lag(NodeId name) {
        return Optional.ofNullable(running.get(name)).map(LocalNode::replicator).map(Replicator::lag);
    }

    /**
     * Returns by how many milliseconds the clock of a node here is off those of a majority of all nodes, which agree; empty if it is about
     * right, or nobody knows.
     */
    public OptionalLong clockAhead(NodeId name) {
        LocalNode node = running.get(name);
        Replicator replicator = node == null ? null : node.replicator();
        return replicator == null ? OptionalLong.empty() : replicator.clocks().aheadOf(names().size() / 2 + 1);
    }

    /** Ends all nodes that run, whatever happens to the ones before. */
    public void end(Consumer<LocalNode> how) {
        TidalException first = null;
        for (NodeId name : List.copyOf(running.keySet())) {
            try {
                how.accept(remove(name));
            } catch (TidalException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
