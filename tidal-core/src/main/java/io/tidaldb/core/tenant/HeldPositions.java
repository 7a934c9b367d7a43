package io.tidaldb.core.tenant;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.TenantRecord;
import io.tidaldb.core.ingest.TenantShard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Which positions the replicas here have of a tenant's records, so that a read sees what it asks for or fails. A record may be from a shard
 * that has the slot no more. Safe for any number of threads.
 */
public final class HeldPositions {

    private static final int MOST_AGAIN = 2;

    private final EmbeddedTenant tenant;
    private final Instance tidal;

    HeldPositions(EmbeddedTenant tenant, Instance tidal) {
        this.tenant = tenant;
        this.tidal = tidal;
    }

    /**
     * Waits until something is folded on a replica.
     *
     * @param late why it fails if that takes longer
     */
    @SuppressWarnings("FutureReturnValueIgnored") // Either way the one that waits is told.
    CompletableFuture<Void> waiting(
            TenantShard replica, BooleanSupplier condition, Duration wait, Supplier<TidalException> late) {
        CompletableFuture<Void> met = replica.when(condition);
        if (!met.isDone()) {
            tidal.pause(wait).whenComplete((nothing, failure) -> {
                if (failure != null) {
                    met.completeExceptionally(RemoteCalls.reason(failure));
                } else {
                    met.completeExceptionally(late.get());
                }
            });
        }
        return met;
    }

    /** Waits until a replica here has folded a position; fails soon if nobody can ever have written there. */
    public CompletableFuture<Void> reached(TenantShard replica, Position position, Duration wait) {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (WalSegmentId record : position.records()) {
            if (isOfAnother(record, replica)) {
                continue;
            }
            if (!replica.hasFolded(record) && replica.writesUnder(record.origin())) {
                return CompletableFuture.failedFuture(unknown(record));
            }
            if (!replica.hasFolded(record) && !tidal.mayExist(record, tenant.record())) {
                // Whoever wrote it may have been allowed to after what is known here.
                return tidal.caughtUp()
                        .handle((nothing, failure) -> tidal.mayExist(record, tenant.record()))
                        .thenCompose(exists -> exists
                                ? reached(replica, position, wait)
                                : CompletableFuture.failedFuture(unknown(record)));
            }
            all.add(waiting(
                    replica,
                    () -> replica.hasFolded(record),
                    wait,
                    () -> new TidalException(
                            ErrorCode.DEADLINE_EXCEEDED,
                            "replica " + replica.replica() + " of tenant " + tenant.id() + " has not seen position "
                                    + record + " within " + wait + ": try again, or ask another region")));
        }
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    /** Waits until a replica here has what a read asks for of its shard, if the read says how long. */
    void await(TenantShard replica, ReadOptions options) {
        if (options.minPosition().isPresent() && !options.patience().isZero()) {
            tidal.await(
                    reached(replica, options.minPosition().get(), options.patience()),
                    options.patience().plusSeconds(1).toNanos());
        }
    }

    /**
     * Does what a read does that waits for a position; again if that was there and is not any more: what is folded anew, as another one leads,
     * has it again in a moment.
     */
    void reading(ReadOptions options, Runnable read) {
        for (int again = 0; ; again++) {
            try {
                read.run();
                return;
            } catch (TidalException e) {
                if (e.code() != ErrorCode.POSITION_UNKNOWN || options.patience().isZero() || again == MOST_AGAIN) {
                    throw e;
                }
            }
        }
    }

    /** Waits until a replica here has what a read asks for of its shard, if the read says how long, and checks that it does. */
    void require(TenantShard replica, ReadOptions options) {
        reading(options, () -> {
            await(replica, options);
            options.minPosition().ifPresent(position -> requireHeld(replica.replica(), position));
        });
    }

    /** Waits until those that answer a read have a position, if the read says how long, and checks that they do. */
    void require(Position position, ReadOptions options) {
        reading(options, () -> requireOnce(position, options));
    }

    private void requireOnce(Position position, ReadOptions options) {
        if (!options.patience().isZero()) {
            for (TenantShard replica : tenant.answering(options)) {
                Position own = of(replica.replica().shard(), position);
                if (!own.records().isEmpty()) {
                    await(replica, options.atLeast(own));
                }
            }
        }
        position.records().forEach(record -> requireHeld(record, options));
    }

    private void requireHeld(WalSegmentId record, ReadOptions options) {
        TidalException unknown = null;
        for (int slot = 0; slot < tenant.placement().size(); slot++) {
            if (wasOn(slot, record.shard())) {
                try {
                    requireHeld(record, tenant.replica(slot, options));
                    return;
                } catch (TidalException e) {
                    unknown = e;
                }
            }
        }
        throw unknown != null ? unknown : unknown(record);
    }

    /** Checks that a replica here has what a read asks for. */
    public void requireHeld(ReplicaId replica, Position position) {
        position.records().forEach(record -> requireHeld(record, tenant.replica(replica)));
    }

    private void requireHeld(WalSegmentId record, TenantShard replica) {
        if (!isOfAnother(record, replica) && !replica.holds(record)) {
            throw unknown(record);
        }
    }

    /** Returns what of a position can be of the slot that a shard has. */
    public Position of(ShardId shard, Position position) {
        return new Position(position.records().stream()
                .filter(record -> isOf(shard, record))
                .toList());
    }

    /** Returns whether a record can be of the slot that a shard has: it was written on that shard, or where the slot was before. */
    private boolean isOf(ShardId shard, WalSegmentId record) {
        List<ReplicaId> placement = tenant.placement();
        for (int slot = 0; slot < placement.size(); slot++) {
            if (placement.get(slot).shard().equals(shard)) {
                return wasOn(slot, record.shard());
            }
        }
        return record.shard().equals(shard);
    }

    /** Returns whether a slot is on a shard, or was, so that records of that may be its. */
    boolean wasOn(int slot, ShardId shard) {
        if (tenant.record().had(slot, shard)) {
            return true;
        }
        // What is done here of what is agreed may be behind by more than one move.
        TenantRecord agreed = tidal.agreed(tenant.id());
        return agreed != null && agreed.had(slot, shard);
    }

    /** Returns whether a record is another slot's that was on this replica's shard before. */
    private boolean isOfAnother(WalSegmentId record, TenantShard replica) {
        return !replica.knows(record.origin())
                && IntStream.range(0, tenant.placement().size())
                                .filter(slot -> wasOn(slot, record.shard()))
                                .count()
                        > 1;
    }

    private TidalException unknown(WalSegmentId record) {
        return new TidalException(
                ErrorCode.POSITION_UNKNOWN,
                "position " + record + " of tenant " + tenant.id()
                        + " is not known here: expected one that a write of this tenant returned");
    }
}
