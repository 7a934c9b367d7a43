package io.tidaldb.core.tenant;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.codec.HardNegativeRecord;
import io.tidaldb.core.codec.SessionRecord;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.ingest.HiddenItem;
import io.tidaldb.core.ingest.SessionImage;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.core.routing.ShardRouter;
import io.tidaldb.core.user.UserStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/** The records about users of a tenant whose replicas are in this process. Safe for any number of threads. */
public final class LocalUsers implements UserStore {

    private final EmbeddedTenant tenant;
    private final Instance tidal;
    private final ShardRouter router;

    LocalUsers(EmbeddedTenant tenant, Instance tidal, ShardRouter router) {
        this.tenant = tenant;
        this.tidal = tidal;
        this.router = router;
    }

    @Override
    public CompletableFuture<Position> write(UserRecord record, WriteOptions options) {
        tenant.requireTaker(options);
        return tenant.heldBack(() -> write(record, options, false), options);
    }

    /** @param paid whether the tenant's rate was taken where its first slot is led */
    public CompletableFuture<Position> write(UserRecord record, WriteOptions options, boolean paid) {
        try {
            check(record);
            TenantShard shard = taking(record, options);
            if (record instanceof SessionRecord session) {
                return preceded(session, shard, options)
                        .thenComposeAsync(
                                nothing -> submit(record, taking(record, options), options, paid), tidal.callbacks());
            }
            return submit(record, shard, options, paid);
        } catch (TidalException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<Position> submit(
            UserRecord record, TenantShard shard, WriteOptions options, boolean paid) {
        return tenant.admission(shard).submit(record, shard, options, paid).result();
    }

    private void check(UserRecord record) {
        if (record instanceof HardNegativeRecord negative && negative.withdrawn() != null) {
            int slot = router.slot(record.route());
            negative.withdrawn().forEach(each -> {
                if (!tenant.positions().wasOn(slot, each.shard())) {
                    throw TidalException.invalid("record " + each + " can't be a hard negative of entity "
                            + Long.toUnsignedString(negative.item()) + " of tenant " + tenant.id()
                            + ": expected one of shard "
                            + tenant.placement().get(slot).shard() + ", as the list of them has it");
                }
            });
        } else if (record instanceof SessionRecord session
                && session.signalType() >= 0
                && tidal.schema().entry(session.signalType()) == null) {
            throw new TidalException(
                    ErrorCode.UNKNOWN_SIGNAL,
                    "signal type " + session.signalType() + " of a forwarded write is not declared");
        }
    }

    /** Returns the replica here that takes a record. */
    private TenantShard taking(UserRecord record, WriteOptions options) {
        int slot = router.slot(record.route());
        TenantShard shard = tenant.takingHere(slot, options);
        if (shard == null) {
            throw new TidalException(
                    ErrorCode.NOT_OWNER,
                    "slot " + slot + " of tenant " + tenant.id() + " is led by another node than the one asked");
        }
        return shard;
    }

    /** Completes when the writes of a session are here that come before one; at once if whoever has them leads elsewhere. */
    private CompletableFuture<Void> preceded(SessionRecord record, TenantShard shard, WriteOptions options) {
        TidalException refusal = shard.writeRefusal();
        if (refusal != null) {
            return CompletableFuture.failedFuture(refusal);
        }
        // Sooner than whoever asked gives up, so that he hears why.
        Duration wait = options.deadline().multipliedBy(3).dividedBy(4);
        return tenant.positions()
                .waiting(
                        shard,
                        () -> shard.sessionMark(record.session()) >= record.number() - 1,
                        wait,
                        () -> Objects.requireNonNullElseGet(
                                shard.writeRefusal(), () -> shard.sessionOutOfOrder(record)));
    }

    @Override
    public Position await(CompletableFuture<Position> write, WriteOptions options) {
        return tenant.await(write, options);
    }

    @Override
    public List<HiddenItem> hidden(long user, ReadOptions options) {
        tenant.prepare(options);
        List<HiddenItem> all = new ArrayList<>();
        for (TenantShard replica : tenant.answering(options)) {
            all.addAll(replica.hiddenItems(user));
        }
        return all;
    }

    /** Returns what a replica here knows that a user does not want to see: all, or those of some items. */
    public List<HiddenItem> hidden(long user, TenantShard replica, long @Nullable [] items, ReadOptions options) {
        options.minPosition().ifPresent(position -> tenant.positions().requireHeld(replica.replica(), position));
        Set<Long> asked = new HashSet<>();
        if (items != null) {
            Arrays.stream(items).forEach(asked::add);
        }
        return replica.hiddenItems(user).stream()
                .filter(each -> items == null || asked.contains(each.item()))
                .toList();
    }

    /** Returns what a replica here knows of a session. */
    public SessionImage session(long session, TenantShard replica, ReadOptions options) {
        options.minPosition().ifPresent(position -> tenant.positions().requireHeld(replica.replica(), position));
        return replica.session(session);
    }

    @Override
    public List<Long> hiddenAmong(long user, List<EntityId> items, ReadOptions options) {
        tenant.prepare(options);
        List<Long> hidden = new ArrayList<>();
        for (EntityId item : items) {
            LongPredicate isHidden =
                    tenant.replica(router.slot(item.value()), options).hiddenFrom(user);
            if (isHidden.test(item.value())) {
                hidden.add(item.value());
            }
        }
        return hidden;
    }

    @Override
    public SessionImage session(long session, ReadOptions options) {
        tenant.prepare(options);
        return tenant.replica(router.slot(session), options).session(session);
    }

    @Override
    public int signalType(String name) {
        return tidal.schema().index(name);
    }

    @Override
    public String signalName(int type) {
        SchemaEntry entry = tidal.schema().entry(type);
        return entry == null ? "#" + type : entry.name();
    }

    @Override
    public long nowNanos() {
        return tidal.clock().wallNanos();
    }
}
