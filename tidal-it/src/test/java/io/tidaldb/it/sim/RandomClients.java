package io.tidaldb.it.sim;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.Signal;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.client.ClientTenant;
import io.tidaldb.core.client.TidalClient;
import io.tidaldb.core.client.TidalClientBuilder;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Clients that write and read while members crash, pause, stop and come back, links to members and between them are cut, slow and lossy, and
 * nobody decides for a time. A client tries again under its key by itself; so in the end what was acknowledged is there once, what was not is
 * there once or not at all, and what surely was not applied is not.
 */
final class RandomClients {

    private static final TenantId TENANT = TenantId.of(1);
    private static final int CLIENTS = 2;
    private static final Duration HEALED = Duration.ofMinutes(3);

    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final SimulatedMembers cluster;
    private final List<TidalClient> clients = new ArrayList<>();

    /** The names that they have drawn. */
    private final SortedSet<NodeId> names = new TreeSet<>();

    /** What became of each write, by its entity; null while nobody knows. */
    private final Map<Long, Fate> fates = new TreeMap<>();

    private boolean over;
    private long reads;

    private enum Fate {
        OPEN,
        ACKNOWLEDGED,
        UNKNOWN,
        NOT_APPLIED
    }

    private RandomClients(long seed, Trace trace) {
        world = new SimulatedWorld(seed, trace);
        random = world.random("clients");
        cluster = new SimulatedMembers(
                world, 3, Duration.ofMillis(700), Duration.ofSeconds(random.between(1, 10)), profile -> profile);
        world.onCrash(machine -> world.schedule(Duration.ofMillis(random.between(1, 5_000)), () -> {
            if (!machine.isRunning()) {
                machine.restart();
                cluster.members().stream()
                        .filter(each -> each.machine() == machine)
                        .forEach(Member::start);
            }
        }));
    }

    private void connect(int number) {
        TidalClientBuilder builder = TidalClient.builder()
                .cluster("members")
                .name("user" + number)
                .platform(new ClientPlatform(world, number))
                .transport(cluster.network().transports())
                .connectWithin(Duration.ofMinutes(1));
        cluster.members()
                .forEach(member -> builder.seed(member.id(), member.id().name()));
        clients.add(builder.connect());
    }

    private void run() {
        cluster.network().observe((from, to, message) -> {
            if (from.isClient()) {
                names.add(from);
            }
        });
        cluster.open();
        cluster.members()
                .get(0)
                .call(tidal -> tidal.createTenant(TenantConfig.builder(TENANT)
                        .pinnedShards(ReplicaId.parse("r0:s0"), ReplicaId.parse("r1:s1"))
                        .durability(random.chance(500_000) ? Durability.MAJORITY : Durability.LOCAL)
                        .build()));
        for (int i = 0; i < CLIENTS; i++) {
            connect(i);
        }
        disturbLater();
        long end = world.nanoTime() + Duration.ofSeconds(random.between(5, 15)).toNanos();
        while (world.nanoTime() < end) {
            ClientTenant tenant = clients.get((int) random.below(CLIENTS)).tenant(TENANT);
            if (random.chance(200_000)) {
                read(tenant);
            } else {
                // More than are under way at once, now and then: the rest goes together.
                long together = random.chance(200_000) ? random.between(2, 40) : 1;
                Duration deadline = Duration.ofMillis(random.between(100, 20_000));
                for (long i = 0; i < together; i++) {
                    write(tenant, deadline);
                }
            }
            world.runFor(Duration.ofMillis(random.between(0, 100)));
        }
        heal();
        clients.forEach(client -> write(client.tenant(TENANT), Duration.ofMinutes(1)));
        if (!world.runUntil(() -> !fates.containsValue(Fate.OPEN), HEALED)) {
            throw new AssertionError("nobody has answered some of " + fates);
        }
        check();
    }

    private void write(ClientTenant tenant, Duration deadline) {
        long entity = fates.size() + 1L;
        fates.put(entity, Fate.OPEN);
        try {
            tenant.recordAllAsync(List.of(Signal.of("view", entity, 1)), WriteOptions.DEFAULT.with(deadline))
                    .whenComplete((position, failure) -> fates.put(entity, fate(failure)));
        } catch (TidalException e) {
            fates.put(entity, fate(e));
        }
    }

    private static Fate fate(@Nullable Throwable failure) {
        if (failure == null) {
            return Fate.ACKNOWLEDGED;
        }
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof TidalException reason && reason.outcome() != Outcome.FATAL) {
            return reason.outcome() == Outcome.NOT_APPLIED ? Fate.NOT_APPLIED : Fate.UNKNOWN;
        }
        throw new AssertionError("failed in a way that no fault explains", cause);
    }

    /** A reading never shows what nobody has written. */
    private void read(ClientTenant tenant) {
        long entity = random.between(1, fates.size() + 1L);
        try {
            Reading reading = tenant.read("view", entity, ReadOptions.DEFAULT);
            reads++;
            if (reading.count() > 1 || reading.count() == 1 && !fates.containsKey(entity)) {
                throw new AssertionError(reading + " of a write that is " + fates.get(entity));
            }
        } catch (TidalException e) {
            if (e.outcome() == Outcome.FATAL) {
                throw e;
            }
        }
    }

    private void disturbLater() {
        world.schedule(Duration.ofMillis(random.between(1, 3_000)), () -> {
            if (!over) {
                disturbLater();
                disturb();
            }
        });
    }

    private void disturb() {
        SimulatedMachine machine = cluster.members().get((int) random.below(3)).machine();
        NodeId node = machine.id();
        switch ((int) random.below(8)) {
            case 0 -> machine.crash("chaos");
            case 1 -> machine.pause(Duration.ofMillis(random.between(1, 4_000)));
            case 2 -> later(cluster.network().isolate(List.of(node))::close);
            case 3 -> names.forEach(client -> cluster.network().disconnect(client, node));
            case 4 -> names.forEach(client -> later(cluster.network().partition(client, node)::close));
            case 5 ->
                names.forEach(client -> {
                    // What it asks comes, and the answer does not.
                    later(cluster.network().cut(node, client)::close);
                });
            case 6 ->
                names.forEach(client -> {
                    cluster.network()
                            .link(node, client, LinkQuality.GOOD.unfaithful((int) random.below(400_000), 0, 0, 0));
                    later(() -> cluster.network().link(node, client, LinkQuality.GOOD));
                });
            default -> {
                cluster.control().isolate(node);
                later(cluster.control()::heal);
            }
        }
    }

    private void later(Runnable healing) {
        world.schedule(Duration.ofMillis(random.between(1, 5_000)), healing);
    }

    private void heal() {
        over = true;
        world.runFor(Duration.ofSeconds(6));
        cluster.network().links(LinkQuality.GOOD);
        cluster.control().heal();
        if (!world.runUntil(() -> cluster.members().stream().allMatch(Member::serves), HEALED)) {
            throw new AssertionError("not all members serve");
        }
        world.runFor(Duration.ofSeconds(20));
    }

    private void check() {
        for (TidalClient client : clients) {
            long there = 0;
            for (Map.Entry<Long, Fate> each : fates.entrySet()) {
                long count = client.tenant(TENANT)
                        .read("view", each.getKey(), ReadOptions.DEFAULT)
                        .count();
                there += count;
                Fate fate = each.getValue();
                if (count > 1 || fate == Fate.ACKNOWLEDGED && count == 0 || fate == Fate.NOT_APPLIED && count == 1) {
                    throw new AssertionError(
                            "write " + each.getKey() + " is " + fate + " and there " + count + " times");
                }
            }
            long total = client.tenant(TENANT).total("view");
            if (total != there) {
                throw new AssertionError("the total is " + total + ", and " + there + " writes are there");
            }
        }
        if (!fates.containsValue(Fate.ACKNOWLEDGED) || reads == 0) {
            throw new AssertionError("nothing was written, or nothing read: " + fates);
        }
    }

    /** Runs one to its end, and fails if anything is not as it should be. */
    static void run(long seed, Trace trace) {
        RandomClients run = new RandomClients(seed, trace);
        try {
            run.run();
        } catch (RuntimeException | Error e) {
            run.world.note("fails: " + e);
            throw e;
        } finally {
            run.clients.forEach(TidalClient::close);
            run.cluster.close();
        }
    }
}
