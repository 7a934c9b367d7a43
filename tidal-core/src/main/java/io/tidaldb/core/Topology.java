package io.tidaldb.core;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The nodes and shards of a cluster: which replica of which shard lives on which node. One node per region, {@code n0} in {@code r0} and
 * so on, when built here.
 *
 * @param shards in order, without repeats
 */
public record Topology(List<ShardAssignment> shards) {

    private static final int MAX_NODES = 64;
    private static final int MAX_SHARDS = 4096;

    /** @throws TidalException INVALID_ARGUMENT if there is none, or one replica is assigned twice */
    public Topology {
        shards = shards.stream().sorted().toList();
        if (shards.isEmpty()) {
            throw TidalException.invalid("topology has no shard: expected at least one");
        }
        for (int i = 1; i < shards.size(); i++) {
            if (shards.get(i).replica().equals(shards.get(i - 1).replica())) {
                throw TidalException.invalid("shard " + shards.get(i).replica() + " is assigned twice: to "
                        + shards.get(i - 1).node() + " and " + shards.get(i).node());
            }
        }
        Set<String> hosted = new HashSet<>();
        for (ShardAssignment each : shards) {
            if (!hosted.add(each.node() + "/" + each.shard())) {
                throw TidalException.invalid("node " + each.node() + " has two replicas of shard " + each.shard()
                        + ": expected one at most");
            }
        }
    }

    /** Returns one node with one shard, in this region. */
    public static Topology single(RegionId region) {
        return new Topology(List.of(new ShardAssignment(ShardId.of(0), region, NodeId.of("n0"))));
    }

    /** Starts with this many regions, one node in each. */
    public static Regions regions(int count) {
        if (count < 1 || count > MAX_NODES) {
            throw TidalException.invalid("number of regions " + count + " is out of range: expected 1 to " + MAX_NODES);
        }
        return new Regions(count);
    }

    /** Returns the nodes, in order of region. */
    public List<NodeId> nodes() {
        return shards.stream().map(ShardAssignment::node).distinct().toList();
    }

    /** Regions to which shards are added. */
    public static final class Regions {

        private final int regions;

        private Regions(int regions) {
            this.regions = regions;
        }

        /** Spreads this many shards over the regions, without replicas: shard i is in region i modulo the number of regions. */
        public Topology shards(int count) {
            checkShards(count);
            List<ShardAssignment> shards = new ArrayList<>();
            for (int shard = 0; shard < count; shard++) {
                shards.add(assignment(shard % regions, shard));
            }
            return new Topology(shards);
        }

        /** Gives every region a replica of each of this many shards, shard i led in region i modulo the number of regions. */
        public Topology shardsPerRegion(int count) {
            checkShards(count);
            List<ShardAssignment> shards = new ArrayList<>();
            for (int region = 0; region < regions; region++) {
                for (int shard = 0; shard < count; shard++) {
                    shards.add(assignment(region, shard));
                }
            }
            return new Topology(shards);
        }

        private static ShardAssignment assignment(int region, int shard) {
            return new ShardAssignment(ShardId.of(shard), RegionId.of(region), NodeId.of("n" + region));
        }

        private static void checkShards(int count) {
            if (count < 1 || count > MAX_SHARDS) {
                throw TidalException.invalid(
                        "number of shards " + count + " is out of range: expected 1 to " + MAX_SHARDS);
            }
        }
    }
}
