package io.tidaldb.core.client;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.routing.ShardRouter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where a tenant is, as some node has said.
 *
 * @param index how many decisions that node knew of
 * @param life tells the tenant from one that had its id before
 */
record Route(long index, long life, Map<String, Integer> signals, List<Slot> slots, ShardRouter router) {

    /** A slot: the node that leads it, and the region of each node that has a replica of it. */
    record Slot(ShardId shard, NodeId leader, SortedMap<NodeId, RegionId> replicas) {}

    static Route of(Answer.Route said) {
        List<Slot> slots = new ArrayList<>();
        for (Answer.Slot each : said.slots()) {
            SortedMap<NodeId, RegionId> replicas = new TreeMap<>();
            each.replicas().forEach((node, region) -> replicas.put(NodeId.of(node), RegionId.of(region)));
            slots.add(new Slot(ShardId.of(each.shard()), NodeId.of(each.leader()), replicas));
        }
        return new Route(said.index(), said.life(), said.signals(), slots, ShardRouter.hashed(slots.size()));
    }

    int type(String signal) {
        Integer type = signals.get(signal);
        if (type == null) {
            throw new TidalException(
                    ErrorCode.UNKNOWN_SIGNAL,
                    "signal type \"" + signal + "\" is not declared: expected one of " + signals.keySet()
                            + ", or declare it first");
        }
        return type;
    }

    /** Returns the node that leads the tenant's first slot, which takes its writes. */
    NodeId home() {
        return slots.get(0).leader();
    }
}
