package io.tidaldb.core.tenant;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.Instance;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has reads of a tenant done anew that were routed by what is out of date: the slot has another leader by then, and who was asked has it no
 * more. Safe for any number of threads.
 */
final class MovingReads {

    private static final Logger LOG = LoggerFactory.getLogger(MovingReads.class);
    private static final Duration WITHIN = Duration.ofSeconds(2);

    private final EmbeddedTenant tenant;
    private final Instance tidal;

    MovingReads(EmbeddedTenant tenant, Instance tidal) {
        this.tenant = tenant;
        this.tidal = tidal;
    }

    /** Returns what comes of a read; fails as it does unless that is because a slot has another leader than when it began. */
    <T> T read(Supplier<T> attempt) {
        long end = tidal.clock().monotonicNanos() + WITHIN.toNanos();
        while (true) {
            List<ReplicaId> leaders = tenant.placement();
            long epoch = tenant.record().epoch();
            try {
                return attempt.get();
            } catch (TidalException e) {
                if (e.code() != ErrorCode.NOT_OWNER || tidal.clock().monotonicNanos() - end > 0) {
                    throw e;
                }
                catchUp();
                if (tenant.placement().equals(leaders) && tenant.record().epoch() == epoch) {
                    throw e;
                }
            }
        }
    }

    /** Returns whether the slots of replicas, one of which said that it has its slot no more, are on other shards by now. */
    boolean haveMoved(Collection<ReplicaId> replicas) {
        catchUp();
        return replicas.stream().anyMatch(each -> tenant.record().slotOf(each.shard()) < 0);
    }

    private void catchUp() {
        try {
            tidal.await(tidal.settled(tenant.id()));
        } catch (TidalException e) {
            LOG.debug("what was agreed on tenant {} is not all done here: {}", tenant.id(), e.getMessage());
        }
    }
}
