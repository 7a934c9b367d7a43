package io.tidaldb.it.sim;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.EntityNames;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.routing.ShardRouter;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import io.tidaldb.it.sim.check.MemberHistory;
import io.tidaldb.it.sim.check.MembersCheck;
import io.tidaldb.it.sim.check.OwnerCheck;
import io.tidaldb.it.sim.check.RateCheck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** What users of members do, each time through some member: change tenants, write, try again through another one, read. */
final class MembersWorkload {

    private static final long FIRST_EVENT = 1_767_139_200L * 1_000_000_000;
    private static final int EVERYWHERE = Integer.getInteger("tidal.sim.everywhere", 250_000);
    private static final int MOST_RETRIES = 6;
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);
    private static final long ENTITIES = 12;
    private static final long NAMED = 3;
    static final long TENANTS = 5;

    private final SimulatedMembers cluster;
    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final SimulatedRandom modes;
    private final MemberHistory history = new MemberHistory();
    private final RateCheck rates;
    private final OwnerCheck owners = new OwnerCheck();
    private final boolean calm;
    private final RandomKeys keys;
    private final List<String> declared = new ArrayList<>(List.of("view"));

    /** Tenants that every member may write at some time, so that nobody owns them and each member counts their rates by itself. */
    private final Set<TenantId> writtenEverywhere = new HashSet<>();

    private long events;
    private long acknowledged;
    private boolean onlyMajorities;

    /** @param calm whether nothing is wrong, but that members are stopped in order: then no write may fail that is tried again */
    MembersWorkload(SimulatedMembers cluster, RandomKeys keys, boolean calm) {
        this.calm = calm;
        this.keys = keys;
        this.cluster = cluster;
        this.world = cluster.world();
        this.random = world.random("workload");
        this.modes = world.random("modes");
        this.rates = new RateCheck(world);
    }

    /** From now on nothing is acknowledged that only one member has: members are lost for good. */
    void onlyMajorities() {
        onlyMajorities = true;
    }

    /** Creates some tenants while nothing is wrong. */
    void begin() {
        for (long id = 0; id < 2; id++) {
            create(cluster.members().get((int) id), config(TenantId.of(id)));
        }
    }

    /** Returns all that signals are of. */
    static List<EntityId> entities() {
        return LongStream.range(0, ENTITIES)
                .mapToObj(entity -> entity < NAMED ? EntityNames.idOf("name" + entity) : EntityId.of(entity))
                .toList();
    }

    MemberHistory history() {
        return history;
    }

    RateCheck rates() {
        return rates;
    }

    long acknowledged() {
        return acknowledged;
    }

    /** Does something through a member that serves, if there is one. */
    void act() {
        Member member = some();
        if (member == null) {
            return;
        }
        switch ((int) random.below(41)) {
            case 0, 1, 2, 11 -> create(member, config(TenantId.of(random.below(TENANTS))));
            case 3 -> update(member);
            case 4 -> delete(member, TenantId.of(random.below(TENANTS)));
            case 5 -> declare(member);
            case 6, 7, 8, 9 -> read(member);
            case 10 -> world.note("checkpoint of " + member.id() + ": " + asked(member, Tidal::checkpoint));
            case 12 -> promote(member);
            case 13 -> replicas(member);
            default -> write();
        }
    }

    private @Nullable Member some() {
        List<Member> serving = cluster.members().stream().filter(Member::serves).toList();
        return serving.isEmpty() ? null : serving.get((int) random.below(serving.size()));
    }

    /** Asks a member; returns why it has failed, or null. A crash leaves the outcome unknown. */
    private @Nullable TidalException asked(Member member, Consumer<Tidal> what) {
        try {
            member.call(tidal -> {
                what.accept(tidal);
                return null;
            });
            return null;
        } catch (MachineCrash e) {
            return new TidalException(ErrorCode.DEADLINE_EXCEEDED, "the machine has crashed");
        } catch (TidalException e) {
            return expected(e);
        }
    }

    // Tenants and types

    private TenantConfig config(TenantId id) {
        boolean majority = random.chance(400_000) || onlyMajorities;
        TenantConfig.Builder config =
                TenantConfig.builder(id).durability(majority ? Durability.MAJORITY : Durability.LOCAL);
        int slots = (int) random.between(1, 3);
        if (random.chance(400_000)) {
            List<ReplicaId> pinned = new ArrayList<>();
            for (int shard = 0; shard < slots; shard++) {
                pinned.add(ReplicaId.parse("r" + random.below(cluster.members().size()) + ":s" + shard));
            }
            config.pinnedShards(pinned.toArray(ReplicaId[]::new));
        } else {
            config.slots(slots);
        }
        if (random.chance(300_000)) {
            config.maxSignalsPerSecond((double) random.between(1, 20)).burst((double) random.between(20, 60));
        }
        if (!onlyMajorities && modes.chance(EVERYWHERE)) {
            writtenEverywhere.add(id);
            config.durability(Durability.LOCAL).writes(WriteMode.EVERYWHERE);
        }
        return config.encrypted(keys.encrypts(id)).build();
    }

    void create(Member member, TenantConfig config) {
        rates.mayBe(config);
        TidalException failure = asked(member, tidal -> tidal.createTenant(config));
        world.note("creates " + config.id() + " through " + member.id() + ": " + failure);
    }

    private void promote(Member member) {
        TenantId id = someTenant();
        ReplicaId replica = ReplicaId.parse("r" + random.below(cluster.members().size()) + ":s" + random.below(3));
        TidalException failure = asked(member, tidal -> tidal.promote(id, replica));
        world.note("promotes " + replica + " of " + id + " through " + member.id() + ": " + failure);
    }

    /** Has other replicas hold a tenant, while users go on to write. */
    private void replicas(Member member) {
        if (onlyMajorities) {
            // Who is lost while others are not known yet to have everything may have been the only one that had it.
            return;
        }
        TenantId id = someTenant();
        int nodes = cluster.members().size();
        List<RegionId> regions = new ArrayList<>();
        for (int region = 0; region < nodes && random.chance(700_000); region++) {
            regions.add(RegionId.of((int) random.below(nodes)));
        }
        List<ReplicaId> without = new ArrayList<>();
        if (random.chance(400_000)) {
            without.add(ReplicaId.parse("r" + random.below(nodes) + ":s" + random.below(3)));
        }
        for (long left = random.below(40); left > 0; left--) {
            world.schedule(Duration.ofMillis(random.between(0, 2_000)), this::write);
        }
        TidalException failure = asked(
                member,
                tidal -> tidal.tenant(id)
                        .ifPresent(tenant -> tidal.updateTenant(tenant.config().toBuilder()
                                .requiredRegions(regions.toArray(RegionId[]::new))
                                .withoutReplicas(without.toArray(ReplicaId[]::new))
                                .build())));
        world.note(
                "moves " + id + " to " + regions + " without " + without + " through " + member.id() + ": " + failure);
    }

    private void update(Member member) {
        TenantId id = TenantId.of(random.below(TENANTS));
        TidalException failure = asked(
                member,
                tidal -> tidal.tenant(id).ifPresent(tenant -> {
                    TenantConfig config = tenant.config().toBuilder()
                            .maxSignalsPerSecond((double) random.between(1, 20))
                            .burst((double) random.between(20, 60))
                            .build();
                    rates.mayBe(config);
                    tidal.updateTenant(config);
                }));
        world.note("updates " + id + " through " + member.id() + ": " + failure);
    }

    void delete(Member member, TenantId id) {
        keys.deleted(id);
        TidalException failure = asked(member, tidal -> tidal.deleteTenant(id));
        world.note("deletes " + id + " through " + member.id() + ": " + failure);
        if (failure == null) {
            history.deleted(id, isGone(id), world.nanoTime());
        } else if (failure.outcome() != Outcome.NOT_APPLIED) {
            history.mayBeDeleted(id, world.nanoTime());
        }
    }

    // One that starts may have caught up before the deletion; one that does not run catches up when it does.
    private boolean isGone(TenantId id) {
        return cluster.members().stream()
                .allMatch(member -> member.serves()
                        ? member.tidal().tenant(id).isEmpty()
                        : !member.machine().isRunning());
    }

    private void declare(Member member) {
        String name = "type" + random.below(4);
        TidalException failure = asked(member, tidal -> tidal.declareSignal(name, Duration.ofHours(1)));
        if (failure == null && !declared.contains(name)) {
            declared.add(name);
        }
    }

    // Signals

    private void read(Member member) {
        TenantId id = TenantId.of(random.below(TENANTS));
        TidalException failure = asked(
                member,
                tidal -> tidal.tenant(id).ifPresent(tenant -> {
                    switch ((int) random.below(4)) {
                        case 0 -> tenant.total("view");
                        case 1 -> tenant.top("view", 3);
                        case 2 -> tenant.usage();
                        default -> tenant.score("view", random.below(ENTITIES));
                    }
                }));
        if (failure != null) {
            keys.check(id, failure);
        }
        world.note("reads " + id + " through " + member.id() + ": " + failure);
    }

    /** Begins a write. */
    void write() {
        attempt(begin(someTenant(), random.chance(800_000)), 0);
    }

    // Mostly one that somebody knows.
    private TenantId someTenant() {
        Member member = some();
        List<Tenant> known = member == null
                ? List.of()
                : member.tidal().tenants().stream()
                        .filter(tenant -> !RandomBackups.isCopy(tenant.id()))
                        .toList();
        return known.isEmpty() || random.chance(50_000)
                ? TenantId.of(random.below(TENANTS))
                : known.get((int) random.below(known.size())).id();
    }

    private MemberHistory.Write begin(TenantId tenant, boolean withKey) {
        List<Signal> signals = new ArrayList<>();
        for (long left = random.between(1, 5); left > 0; left--) {
            String type = declared.get((int) random.below(declared.size()));
            long entity = random.below(ENTITIES);
            Signal signal = entity < NAMED ? Signal.of(type, "name" + entity, 1) : Signal.of(type, entity, 1);
            signals.add(signal.at(FIRST_EVENT + events++ * 1_000));
        }
        IdempotencyKey key = withKey ? new IdempotencyKey(random.nextLong(), random.nextLong()) : null;
        return history.begin(tenant, signals, key, world.nanoTime());
    }

    private void attempt(MemberHistory.Write write, int retries) {
        Member member = some();
        if (member == null || write.isOver()) {
            return;
        }
        Attempt attempt = new Attempt(write, retries, member, world.nanoTime());
        write.tried();
        world.schedule(Duration.ofMillis(random.between(500, 15_000)), attempt::late);
        try {
            WriteOptions options =
                    WriteOptions.DEFAULT.with(Duration.ofMillis(calm ? 10_000 : random.between(200, 5_000)));
            member.call(tidal -> tidal.tenant(write.tenant())
                    .map(tenant -> {
                        attempt.slots = tenant.placement().size();
                        return record(tenant, write, options).whenComplete(attempt::answered);
                    })
                    .or(() -> {
                        attempt.answered(null, new TidalException(ErrorCode.TENANT_NOT_FOUND, "not here"));
                        return Optional.empty();
                    }));
        } catch (MachineCrash e) {
            // Found out when it is late.
        } catch (TidalException e) {
            attempt.answered(null, e);
        }
    }

    private static CompletionStage<Position> record(Tenant tenant, MemberHistory.Write write, WriteOptions options) {
        IdempotencyKey key = write.key();
        return tenant.recordAllAsync(write.signals(), key == null ? options : options.with(key));
    }

    /** One attempt, whose user may end with the process before it is answered. */
    private final class Attempt {

        private final MemberHistory.Write write;
        private final int retries;
        private final Member member;
        private final Tidal through;
        private final long begunNanos;
        private int slots = 1;
        private boolean answered;
        private boolean over;

        Attempt(MemberHistory.Write write, int retries, Member member, long begunNanos) {
            this.write = write;
            this.retries = retries;
            this.member = member;
            this.through = member.tidal();
            this.begunNanos = begunNanos;
        }

        void answered(@Nullable Position position, @Nullable Throwable failure) {
            if (answered || !serves()) {
                return;
            }
            answered = true;
            if (position != null) {
                world.note("acknowledged " + position + " to " + write.tenant());
                acknowledged++;
                over = true;
                write.acknowledge();
                // Where a slot has moved, nobody can tell by the position alone which one it was.
                if (retries == 0 && position.records().size() == 1 && !writtenEverywhere.contains(write.tenant())) {
                    owners.acknowledged(write.tenant(), slot(), position, begunNanos, world.nanoTime());
                }
            } else {
                TidalException reason = expected(failure);
                world.note("failed through " + member.id() + ": " + reason.code() + " " + write);
                write.failed(reason);
                keys.check(write.tenant(), reason);
                if (calm && write.key() != null && !mayFail(reason)) {
                    throw new AssertionError(
                            "nothing but stops in order, and through " + member.id() + " fails a " + write, reason);
                }
                again();
            }
        }

        private int slot() {
            long entity = write.signals().get(0).entity().value();
            return ShardRouter.hashed(slots).slot(entity);
        }

        // Of one that stops its own users hear that it does.
        private boolean mayFail(TidalException reason) {
            return switch (reason.code()) {
                case QUOTA_EXCEEDED, TENANT_NOT_FOUND -> true;
                // Some of those who hold it may have no keys for it now.
                case TENANT_SUSPENDED, NOT_CAUGHT_UP, DEADLINE_EXCEEDED -> keys.encrypts(write.tenant());
                case CLOSED, PEER_UNAVAILABLE -> !member.serves() || member.tidal() != through || member.stops();
                default -> false;
            };
        }

        // A user is told at once that the instance is closed, but not that the process has crashed.
        private boolean serves() {
            return member.machine().isRunning();
        }

        void late() {
            if (!answered && (!member.serves() || member.tidal() != through)) {
                answered = true;
                write.orphaned();
            }
            again();
            if (!answered) {
                world.schedule(LOOK_AGAIN, this::late);
            }
        }

        private void again() {
            if (!over && write.key() != null && retries < MOST_RETRIES && !write.isOver()) {
                world.schedule(Duration.ofMillis(random.between(1, 800)), () -> attempt(write, retries + 1));
            }
            over = true;
        }
    }

    /** Returns the failure if it is one that faults explain. */
    private TidalException expected(@Nullable Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof TidalException reason
                && (reason.code().outcome() != Outcome.FATAL || cluster.isRot(reason))
                && reason.code() != ErrorCode.IDEMPOTENCY_KEY_REUSED
                && reason.code() != ErrorCode.WAL_GAP) {
            return reason;
        }
        throw new AssertionError("failed in a way that no fault explains", cause);
    }

    // In the end

    /** Each member must take a tenant, a write to each tenant and a deletion: nothing is wrong. */
    void mustGoOn() {
        for (MemberHistory.Write write : history.writes()) {
            if (write.isOpen()) {
                throw new AssertionError("nobody has answered " + write);
            }
        }
        List<Member> members = cluster.members();
        for (int i = 0; i < members.size(); i++) {
            TenantId id = TenantId.of(100 + i);
            TenantConfig config = TenantConfig.builder(id)
                    .slots(3)
                    .durability(Durability.MAJORITY)
                    .build();
            members.get(i).call(tidal -> tidal.createTenant(config));
            TenantId other = TenantId.of(random.below(TENANTS));
            Member next = members.get((i + 1) % members.size());
            if (next.tidal().tenant(other).isPresent()) {
                next.call(tidal -> {
                    tidal.deleteTenant(other);
                    return other;
                });
                history.deleted(other, isGone(other), world.nanoTime());
            }
        }
        for (Member member : members) {
            for (Tenant tenant : member.tidal().tenants()) {
                mustTake(member, tenant);
            }
        }
    }

    private boolean isGoneSoon(Member member, Tenant tenant) {
        return world.runUntil(() -> member.tidal().tenant(tenant.id()).isEmpty(), Duration.ofMinutes(1));
    }

    private void mustTake(Member member, Tenant tenant) {
        MemberHistory.Write write = begin(tenant.id(), true);
        for (int tries = 0; !write.isOver(); tries++) {
            write.tried();
            try {
                member.call(tidal -> tenant.recordAll(
                        write.signals(), WriteOptions.DEFAULT.with(Objects.requireNonNull(write.key()))));
                write.acknowledge();
            } catch (TidalException e) {
                write.failed(e);
                if (e.code() == ErrorCode.TENANT_NOT_FOUND && isGoneSoon(member, tenant)) {
                    // It had not heard of the deletion yet.
                    return;
                }
                if (e.code() != ErrorCode.QUOTA_EXCEEDED || tries > 100) {
                    throw e;
                }
                world.runFor(Duration.ofSeconds(1));
            }
        }
    }

    /** Checks that no two led the same at a time. */
    void checkOwners() {
        owners.check();
    }

    /** Checks what tenants have been granted. */
    void checkRates() {
        Member member = cluster.members().get(0);
        member.tidal()
                .tenants()
                .forEach(tenant -> rates.check(
                        tenant.id(),
                        MembersCheck.export(member, tenant).size(),
                        Replicas.moves(member.tidal(), tenant.id())));
    }
}
