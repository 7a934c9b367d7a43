package io.tidaldb.it.sim;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.HardNegative;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.core.SessionId;
import io.tidaldb.core.SessionSeqNo;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.it.sim.check.Members;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Users who hide, withdraw and go on with their sessions, in any region; and what they must find: a replica that has shown them that
 * something is hidden never ranks it again, nothing that was acknowledged is lost, and no write of a session is there twice.
 */
final class UserWorkload {

    private static final int USERS = 3;
    private static final int ITEMS = 8;
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final SimulatedCluster cluster;
    private final SimulatedRandom random;
    private final Map<TenantId, OfTenant> all = new TreeMap<>();
    private long sessions;
    private long checks;

    /** Something that a user may hide. */
    private record Pair(long user, long item) {}

    /** What users of a tenant did, and where they have seen it. */
    private static final class OfTenant {

        final Tenant tenant;
        final Set<Pair> hidden = new HashSet<>();
        final Set<Pair> mayBeWithdrawn = new HashSet<>();
        final Map<RegionId, Set<Pair>> seen = new TreeMap<>();
        final List<Roaming> sessions = new ArrayList<>();

        OfTenant(Tenant tenant) {
            this.tenant = tenant;
        }
    }

    /** A session and how far it got. */
    private static final class Roaming {

        final SessionId id;
        int acknowledged;
        boolean underway;

        @Nullable
        Position seen;

        Roaming(SessionId id) {
            this.id = id;
        }
    }

    UserWorkload(SimulatedCluster cluster) {
        this.cluster = cluster;
        this.random = cluster.world().random("users");
    }

    /** One of a tenant's users does something. */
    void act(Tenant tenant) {
        OfTenant of = all.get(tenant.id());
        if (of == null || of.tenant != tenant) {
            of = new OfTenant(tenant);
            all.put(tenant.id(), of);
        }
        try {
            switch ((int) random.below(6)) {
                case 0 -> hide(of);
                case 1 -> withdraw(of);
                case 2 -> rank(of);
                case 3 -> read(of);
                default -> write(of);
            }
        } catch (TidalException e) {
            Workload.expected(cluster, e);
        }
    }

    private WriteOptions options(OfTenant of) {
        return somewhere(
                of,
                WriteOptions.DEFAULT
                        .with(Durability.LOCAL)
                        .with(new IdempotencyKey(random.nextLong(), random.nextLong())));
    }

    private WriteOptions somewhere(OfTenant of, WriteOptions options) {
        return of.tenant.config().writes() == WriteMode.EVERYWHERE && random.chance(900_000)
                ? options.in(someRegion(of))
                : options;
    }

    private void hide(OfTenant of) {
        Pair pair = new Pair(100 + random.below(USERS), random.below(ITEMS));
        hide(of, pair, options(of), 3);
    }

    private void hide(OfTenant of, Pair pair, WriteOptions options, int retries) {
        of.tenant
                .negatives()
                .addAsync(NegativeKind.HIDE, EntityId.of(pair.user), EntityId.of(pair.item), options)
                .whenComplete((position, failure) -> {
                    if (position != null) {
                        cluster.world().note("hidden " + pair + " at " + position + " of " + of.tenant.id());
                        of.hidden.add(pair);
                    } else {
                        Workload.expected(cluster, failure);
                        if (retries > 0) {
                            cluster.world()
                                    .schedule(
                                            Duration.ofMillis(random.between(1, 500)),
                                            () -> hide(of, pair, somewhere(of, options), retries - 1));
                        }
                    }
                });
    }

    private void withdraw(OfTenant of) {
        // Some are never withdrawn, and must stay.
        Pair pair = new Pair(100 + random.below(USERS), random.below(ITEMS / 2));
        of.mayBeWithdrawn.add(pair);
        of.tenant.negatives().withdraw(NegativeKind.HIDE, EntityId.of(pair.user), EntityId.of(pair.item), options(of));
    }

    private RegionId someRegion(OfTenant of) {
        List<ReplicaId> members =
                Members.of(cluster, of.tenant, of.tenant.placement().get(0).shard());
        return members.get((int) random.below(members.size())).region();
    }

    private void rank(OfTenant of) {
        RegionId region = someRegion(of);
        for (long user = 100; user < 100 + USERS; user++) {
            rank(of, EntityId.of(user), ReadOptions.DEFAULT.in(region), region);
        }
    }

    private void rank(OfTenant of, EntityId user, ReadOptions options, RegionId region) {
        Set<Long> hidden = items(of.tenant.negatives().of(user, options));
        Set<Long> ranked = of.tenant.top("view", 100, options.forUser(user)).stream()
                .map(each -> each.entity().value())
                .collect(Collectors.toSet());
        Set<Pair> seen = of.seen.computeIfAbsent(region, each -> new HashSet<>());
        for (long item = 0; item < ITEMS; item++) {
            Pair pair = new Pair(user.value(), item);
            if (of.mayBeWithdrawn.contains(pair)) {
                continue;
            }
            checks++;
            if (hidden.contains(item) && of.hidden.contains(pair)) {
                seen.add(pair);
            }
            if (seen.contains(pair) && (ranked.contains(item) || !hidden.contains(item))) {
                throw new AssertionError(of.tenant.id() + " shows " + pair + " in " + region
                        + " again, where it was seen to be hidden: ranked " + ranked + ", hidden " + hidden);
            }
        }
    }

    private static Set<Long> items(List<HardNegative> negatives) {
        return negatives.stream().map(each -> each.entity().value()).collect(Collectors.toSet());
    }

    private void write(OfTenant of) {
        Roaming session = of.sessions.isEmpty() || random.chance(100_000)
                ? new Roaming(SessionId.of(++sessions * 0x9E3779B97F4A7C15L))
                : of.sessions.get((int) random.below(of.sessions.size()));
        if (session.underway) {
            return;
        }
        if (!of.sessions.contains(session)) {
            of.sessions.add(session);
        }
        int number = session.acknowledged + 1;
        SessionEvent event =
                number == 1 ? new SessionEvent.Start(EntityId.of(100)) : new SessionEvent.Query("number " + number);
        session.underway = true;
        of.tenant
                .sessions()
                .writeAsync(
                        session.id,
                        SessionSeqNo.of(number),
                        event,
                        somewhere(of, WriteOptions.DEFAULT.with(Durability.LOCAL)))
                .whenComplete((position, failure) -> {
                    session.underway = false;
                    if (position == null) {
                        // Sent again, as it was, when the session goes on.
                        Workload.expected(cluster, failure);
                    } else {
                        session.acknowledged = number;
                        Position before = session.seen;
                        session.seen = before == null ? position : before.and(position);
                        cluster.world().note("session " + session.id + " has " + number + " at " + position);
                    }
                });
    }

    private void read(OfTenant of) {
        if (of.sessions.isEmpty()) {
            return;
        }
        Roaming session = of.sessions.get((int) random.below(of.sessions.size()));
        Position seen = session.seen;
        int least = session.acknowledged;
        if (seen != null) {
            read(
                    of,
                    session,
                    least,
                    ReadOptions.DEFAULT.in(someRegion(of)).atLeast(seen).waiting(PATIENCE));
        }
    }

    private void read(OfTenant of, Roaming session, int least, ReadOptions options) {
        List<Integer> numbers = of.tenant.sessions().read(session.id, options).entries().stream()
                .map(entry -> entry.number().value())
                .toList();
        checks++;
        // One more may be there whose answer was lost.
        int most = Math.max(session.acknowledged, least) + 1;
        if (numbers.size() < least
                || numbers.size() > most
                || !numbers.equals(
                        IntStream.rangeClosed(1, numbers.size()).boxed().toList())) {
            throw new AssertionError(of.tenant.id() + " has " + numbers + " of session " + session.id + " in "
                    + options.region() + ": expected 1 to " + least + ", or " + most);
        }
    }

    long checks() {
        return checks;
    }

    /** Checks what must be there when all have converged. */
    void check(List<Tenant> tenants) {
        for (OfTenant of : all.values()) {
            if (tenants.contains(of.tenant)) {
                check(of);
            }
        }
    }

    private void check(OfTenant of) {
        ReplicaId first = of.tenant.placement().get(0);
        for (ReplicaId member : Members.of(cluster, of.tenant, first.shard())) {
            ReadOptions there = ReadOptions.DEFAULT.in(member.region());
            for (Pair pair : of.hidden) {
                if (!of.mayBeWithdrawn.contains(pair)) {
                    of.seen
                            .computeIfAbsent(member.region(), each -> new HashSet<>())
                            .add(pair);
                }
            }
            for (long user = 100; user < 100 + USERS; user++) {
                EntityId who = EntityId.of(user);
                rank(of, who, there, member.region());
                List<HardNegative> here = of.tenant.negatives().of(who, there);
                List<HardNegative> led = of.tenant.negatives().of(who, ReadOptions.DEFAULT);
                if (!here.equals(led)) {
                    throw new AssertionError(of.tenant.id() + " has " + here + " on " + member + ", and " + led
                            + " where it is written");
                }
            }
            of.sessions.stream()
                    .filter(session -> session.acknowledged > 0)
                    .forEach(session -> read(of, session, session.acknowledged, there));
        }
    }
}
