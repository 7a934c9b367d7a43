package io.tidaldb.core.serving;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.placement.ShardAssignment;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.EventTime;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.codec.SignalRecords;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.NodeRecord;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import io.tidaldb.core.tenant.EmbeddedTenant;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a client may ask of this node, other than another node: to write, read and find its way, so much at a time, and never to be waited
 * for. What it sends is checked as if it came from anybody. Safe for any number of threads.
 */
final class ClientCalls {

    private static final int MAX_OPEN = 4_096;

    private final Instance tidal;
    private final ControlPlane control;

    /** How many calls of a client have no answer yet, each of several writes as one; clients without any are not in it. */
    private final Map<NodeId, Integer> open = new ConcurrentHashMap<>();

    ClientCalls(Instance tidal, ControlPlane control) {
        this.tidal = tidal;
        this.control = control;
    }

    /**
     * Counts a call until it is {@linkplain #answered answered}.
     *
     * @throws TidalException why it is not answered at all; then it does not count
     */
    void admit(NodeId client, Call call, ByteBuffer attached) {
        if (!isOpenToClients(call)) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "client " + client + " can't ask for " + call.getClass().getSimpleName()
                            + ": expected a write, a read or a route");
        }
        if (call.index() > control.index()) {
            throw new TidalException(
                    ErrorCode.NOT_OWNER,
                    "this node does not know yet of all that was decided: try again, or ask another node");
        }
        if (call instanceof Call.Write write) {
            check(write, attached.slice().order(ByteOrder.LITTLE_ENDIAN));
        }
        if (open.merge(client, weight(call), Integer::sum) > MAX_OPEN) {
            answered(client, call);
            throw new OverloadedException(
                    "client " + client + " waits for " + MAX_OPEN + " answers already: try again after a pause");
        }
    }

    void answered(NodeId peer, Call call) {
        open.computeIfPresent(peer, (client, calls) -> calls == weight(call) ? null : calls - weight(call));
    }

    private static int weight(Call call) {
        return call instanceof Call.Writes writes ? writes.writes().size() : 1;
    }

    private static boolean isOpenToClients(Call call) {
        return call instanceof Call.Write write && !write.admitted()
                || call instanceof Call.Writes
                || call instanceof Call.Read
                || call instanceof Call.Top
                || call instanceof Call.Totals
                || call instanceof Call.Route;
    }

    /**
     * Checks a write, which a node has done with what it sends on; whether types are declared is looked at later in either case.
     *
     * @param records little-endian
     */
    void check(Call.Write write, ByteBuffer records) {
        int named = Math.min(write.named().length, write.names().size());
        for (int i = 0; i < named; i++) {
            EntityId entity = EntityNames.idOf(write.names().get(i));
            if (entity.value() != write.named()[i]) {
                throw TidalException.invalid("entity \"" + write.names().get(i) + "\" is sent as " + write.named()[i]
                        + ": expected its id, " + entity);
            }
        }
        long now = tidal.clock().wallNanos();
        for (int at = 0; at + SignalRecords.BYTES <= records.limit(); at += SignalRecords.BYTES) {
            long time = SignalRecords.eventNanos(records, at);
            if (time < 0 || tidal.isTooFarAhead(time, now)) {
                throw new TidalException(
                        ErrorCode.EVENT_TIME_TOO_FAR,
                        "event time " + time + " of a signal for entity "
                                + EntityId.of(SignalRecords.entity(records, at))
                                + " is out of range: expected nanoseconds since 1970, at most "
                                + Duration.ofNanos(tidal.maxFutureNanos()) + " after " + EventTime.instant(now)
                                + "; check the clock that made it");
            }
            if (!Float.isFinite(SignalRecords.weight(records, at))) {
                throw TidalException.invalid("weight " + SignalRecords.weight(records, at) + " of a signal for entity "
                        + EntityId.of(SignalRecords.entity(records, at)) + ": expected a finite 32-bit float");
            }
        }
    }

    /** Returns where a tenant is, as far as this node knows. */
    Answer.Route route(EmbeddedTenant tenant) {
        // Read before what it counts: a route must not be taken for newer than it is.
        long index = control.index();
        Map<String, Integer> signals = new TreeMap<>();
        tidal.schema().entries().forEach(entry -> signals.put(entry.name(), entry.index()));
        List<Answer.Slot> slots = new ArrayList<>();
        for (ReplicaId leader : tenant.placement()) {
            Map<String, Integer> replicas = new TreeMap<>();
            for (ShardAssignment each : tidal.cluster()
                    .replicas()
                    .allowed(leader.shard(), tenant.state().config())) {
                replicas.put(each.node().name(), each.region().value());
            }
            String node = tidal.cluster().nameOf(leader).name();
            replicas.put(node, leader.region().value());
            slots.add(new Answer.Slot(leader.shard().value(), node, replicas));
        }
        Map<String, String> nodes = new TreeMap<>();
        for (NodeRecord each : control.nodes()) {
            if (!each.removed()) {
                nodes.put(each.node().name(), each.address());
            }
        }
        return new Answer.Route(index, tenant.record().digestSeed(), signals, slots, nodes);
    }
}
