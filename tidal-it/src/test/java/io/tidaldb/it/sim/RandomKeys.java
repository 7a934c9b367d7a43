package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.key.KeyVault;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.TenantKeyState;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Commands;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Encrypted tenants among the others, whose keys are rotated, revoked and restored by chance, under master keys that come, are newer in one
 * place than in another, and can't be had for a while. Machines crash while they wrap or unwrap a key, and when a change of keys is proposed or
 * agreed. Has randomness of its own.
 */
final class RandomKeys {

    private static final int KEYS = Integer.getInteger("tidal.sim.keys", 250_000);

    /** For how long what nobody has answered may still be agreed: longer than any election. */
    private static final long STILL_AGREED_NANOS = 30_000_000_000L;

    private final SimulatedMembers cluster;
    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final Operator operator;
    private final boolean chosen;
    private final boolean faulty;
    private final int strike;
    private final SortedSet<TenantId> encrypted = new TreeSet<>();

    /** Tenants whose keys somebody has revoked, and nobody may have restored since. */
    private final SortedMap<TenantId, Revocation> revoked = new TreeMap<>();

    private final SortedMap<TenantId, Long> uncertainUntil = new TreeMap<>();
    /** The number of the newest master key of each owner that has got one. */
    private final SortedMap<String, Integer> masters = new TreeMap<>();

    private boolean over;
    private boolean ended;
    private long rotated;
    private long refused;
    private long struck;

    /** Through whom it was revoked: that instance knows. */
    private record Revocation(Member member, Tidal through) {}

    /**
     * Creates it.
     *
     * @param tenants how many there may be
     * @param faulty whether machines may crash
     */
    RandomKeys(SimulatedMembers cluster, long tenants, boolean faulty) {
        this.cluster = cluster;
        this.world = cluster.world();
        this.operator = new Operator(cluster);
        this.random = world.random("keys");
        this.chosen = random.chance(KEYS);
        this.faulty = faulty;
        this.strike = faulty ? (int) random.between(0, 300_000) : 0;
        if (chosen) {
            for (long id = 0; id < tenants; id++) {
                if (random.chance(600_000)) {
                    encrypted.add(TenantId.of(id));
                }
            }
            cluster.encrypting();
            cluster.control().watch(this::maybeStrike, this::maybeStrike);
        }
    }

    /** Returns how often a tenant was given another key. */
    long rotated() {
        return rotated;
    }

    /** Returns how often somebody was refused what is of a tenant whose keys are revoked. */
    long refused() {
        return refused;
    }

    /** Returns how many machines were crashed because of a change of keys. */
    long struck() {
        return struck;
    }

    /** Returns whether a tenant is encrypted, whenever it is created. */
    boolean encrypts(TenantId tenant) {
        return encrypted.contains(tenant);
    }

    /** Somebody has asked for a tenant's deletion: another one may have its number. */
    void deleted(TenantId tenant) {
        unsure(tenant);
    }

    /** Fails if a tenant was refused for its keys that has none. */
    void check(TenantId tenant, TidalException failure) {
        if (failure.code() == ErrorCode.TENANT_SUSPENDED && !encrypts(tenant)) {
            throw new AssertionError(tenant + " is suspended, and is not encrypted", failure);
        }
    }

    /** Does something by chance. */
    void act() {
        if (!chosen || encrypted.isEmpty() || !random.chance(250_000)) {
            return;
        }
        List<Member> serving = cluster.members().stream().filter(Member::serves).toList();
        if (serving.isEmpty()) {
            return;
        }
        Member through = serving.get((int) random.below(serving.size()));
        TenantId tenant = List.copyOf(encrypted).get((int) random.below(encrypted.size()));
        if (faulty && random.chance(300_000)) {
            through.vault().crashInWrap((int) random.between(1, 3));
        }
        if (faulty && random.chance(200_000)) {
            some().vault().crashInUnwrap((int) random.between(1, 8));
        }
        switch ((int) random.below(12)) {
            case 0, 1, 2, 3 -> rotate(through, tenant);
            case 4, 5 -> revoke(through, tenant);
            case 6, 7, 8 -> restore(through, tenant);
            case 9 -> newMaster(random.chance(500_000) ? SimulatedVault.SHARED : tenant.toString());
            case 10 -> loseMaster(random.chance(500_000) ? SimulatedVault.SHARED : tenant.toString());
            default -> List.copyOf(revoked.keySet()).forEach(this::mustRefuse);
        }
    }

    private Member some() {
        return cluster.members().get((int) random.below(cluster.members().size()));
    }

    private void rotate(Member through, TenantId tenant) {
        rotated += operator.ask(through, "rotates keys of " + tenant, tidal -> tidal.rotateKeys(tenant)) ? 1 : 0;
    }

    private void revoke(Member through, TenantId tenant) {
        Tidal asked = through.tidal();
        boolean done = operator.ask(through, "revokes keys of " + tenant, tidal -> tidal.suspendKeys(tenant, true));
        if (done && world.nanoTime() >= uncertainUntil.getOrDefault(tenant, Long.MIN_VALUE)) {
            revoked.put(tenant, new Revocation(through, asked));
            mustRefuse(tenant);
        }
    }

    private void restore(Member through, TenantId tenant) {
        if (operator.ask(through, "restores keys of " + tenant, tidal -> tidal.suspendKeys(tenant, false))) {
            revoked.remove(tenant);
        } else {
            unsure(tenant);
        }
    }

    private void unsure(TenantId tenant) {
        revoked.remove(tenant);
        uncertainUntil.put(tenant, world.nanoTime() + STILL_AGREED_NANOS);
    }

    /** Each machine gets it at its own time. */
    private void newMaster(String owner) {
        byte[] key = new byte[KeyVault.DATA_KEY_BYTES];
        for (int at = 0; at < key.length; at++) {
            key[at] = (byte) random.nextLong();
        }
        int number = masters.merge(owner, 2, (before, two) -> before + 1);
        world.note("a master key comes: " + owner + "-" + number);
        for (Member member : cluster.members()) {
            world.schedule(
                    Duration.ofMillis(random.chance(500_000) ? 0 : random.between(1, 5_000)),
                    () -> member.vault().add(owner, number, key));
        }
    }

    private void loseMaster(String owner) {
        if (faulty) {
            Member member = some();
            world.note(member.id() + " can't use master keys: " + owner);
            member.vault().lock(owner);
            world.schedule(
                    Duration.ofMillis(random.between(1, 8_000)),
                    () -> member.vault().unlock(owner));
        }
    }

    private void mustRefuse(TenantId tenant) {
        Revocation revocation = revoked.get(tenant);
        if (revocation == null
                || !revocation.member.serves()
                || revocation.member.tidal() != revocation.through
                || revocation.through.tenant(tenant).isEmpty()) {
            return;
        }
        Consumer<Tenant> use = switch ((int) random.below(4)) {
            case 0 -> each -> each.total("view");
            case 1 -> each -> each.top("view", 3);
            case 2 -> each -> each.export(signal -> {});
            default -> each -> each.score("view", random.below(10));
        };
        Member member = revocation.member;
        TidalException failure = refusal(member, tenant, () -> member.call(using(tenant, use)));
        world.note("of " + tenant + ", whose keys are revoked, " + revocation.member.id() + " gives nothing: "
                + (failure == null ? "it crashed" : failure.getMessage()));
    }

    private static Function<Tidal, Tidal> using(TenantId tenant, Consumer<Tenant> use) {
        return tidal -> {
            use.accept(tidal.tenant(tenant).orElseThrow());
            return tidal;
        };
    }

    /** Returns why somebody is refused who asks a member; null if its machine has crashed. */
    private @Nullable TidalException refusal(Member member, TenantId tenant, Runnable asks) {
        try {
            asks.run();
        } catch (MachineCrash e) {
            return null;
        } catch (TidalException e) {
            refused += e.code() == ErrorCode.TENANT_SUSPENDED ? 1 : 0;
            return e;
        }
        throw new AssertionError(member.id() + " gives what is of " + tenant + ", whose keys are revoked");
    }

    private void maybeStrike(byte[] command) {
        boolean ofKeys = Commands.of(command, ClusterCommand.OfKeys.class).isPresent();
        if (!over && ofKeys && random.chance(strike)) {
            Member victim = some();
            Duration delay = random.chance(400_000) ? Duration.ZERO : Duration.ofNanos(random.below(30_000_000));
            world.schedule(delay, () -> {
                if (!over && victim.machine().isRunning()) {
                    struck++;
                    victim.machine().crash("at a change of keys");
                }
            });
        }
    }

    // In the end

    /** From now on all master keys are there, nothing crashes any more because of them, and what is revoked is restored. */
    void calm() {
        over = true;
        if (chosen) {
            world.execute(this::restoreAll);
        }
        for (Member member : cluster.members()) {
            cluster.members().forEach(other -> member.vault().addAll(other.vault()));
            member.vault().unlock(SimulatedVault.SHARED);
            encrypted.forEach(tenant -> member.vault().unlock(tenant.toString()));
            member.vault().crashInWrap(0);
            member.vault().crashInUnwrap(0);
        }
    }

    // Who is gone for good is replaced only when somebody else leads what it led, and nobody takes over without keys.
    private void restoreAll() {
        if (ended) {
            return;
        }
        cluster.members().stream().filter(Member::serves).findFirst().ifPresent(member -> {
            for (Tenant tenant : encryptedOn(member)) {
                operator.ask(member, "sees to keys of " + tenant.id(), tidal -> seeTo(tidal, tenant.id()));
            }
        });
        world.schedule(Duration.ofSeconds(1), this::restoreAll);
    }

    private void seeTo(Tidal tidal, TenantId tenant) {
        TenantKeyState keys = tidal.keys(tenant);
        if (keys.revoked()) {
            tidal.suspendKeys(tenant, false);
        }
        if (keys.keys().isEmpty()) {
            // Whoever created it did not come to give it one.
            tidal.rotateKeys(tenant);
        }
    }

    /** When nothing is wrong any more: all tenants must be there again. */
    void mustEnd(Duration atMost) {
        if (!world.runUntil(() -> cluster.members().stream().allMatch(RandomKeys::hasAll), atMost)) {
            throw new AssertionError("tenants are suspended " + atMost + " after all keys were restored: "
                    + cluster.members().stream()
                            .flatMap(member -> encryptedOn(member).stream()
                                    .map(tenant ->
                                            member.id() + " " + member.tidal().keys(tenant.id())))
                            .toList());
        }
        ended = true;
    }

    private static List<Tenant> encryptedOn(Member member) {
        return member.tidal().tenants().stream()
                .filter(tenant -> tenant.config().encrypted())
                .toList();
    }

    private static boolean hasAll(Member member) {
        return encryptedOn(member).stream()
                .allMatch(
                        tenant -> member.tidal().keys(tenant.id()).suspension().isEmpty());
    }

    /** When all is well: keys that are revoked keep everybody from their tenant and nobody from another one, and nothing is lost by it. */
    void mustSuspend() {
        List<Tenant> tenants = encryptedOn(cluster.members().get(0));
        if (tenants.isEmpty()) {
            return;
        }
        TenantId tenant = tenants.get((int) random.below(tenants.size())).id();
        Member through = some();
        long before = total(through, tenant);
        through.call(tidal -> tidal.suspendKeys(tenant, true));
        for (Member member : cluster.members()) {
            mustBeSuspended(member, tenant, each -> each.total("view"));
            mustBeSuspended(member, tenant, each -> each.record("view", 1, 1));
            member.tidal().tenants().stream()
                    .map(Tenant::id)
                    .filter(other -> !other.equals(tenant))
                    .forEach(other -> total(member, other));
        }
        through.call(tidal -> tidal.suspendKeys(tenant, false));
        for (Member member : cluster.members()) {
            long after = total(member, tenant);
            if (after != before) {
                throw new AssertionError("after the keys of " + tenant + " were revoked and restored, " + member.id()
                        + " counts " + after + ", and before that it was " + before);
            }
        }
    }

    private void mustBeSuspended(Member member, TenantId tenant, Consumer<Tenant> use) {
        // Somebody who comes too often hears of that first.
        TidalException failure = refusal(member, tenant, () -> member.callInTime(using(tenant, use)));
        if (failure == null || failure.code() != ErrorCode.TENANT_SUSPENDED) {
            throw new AssertionError(
                    "nothing is wrong, and " + member.id() + " does not say that the keys of " + tenant
                            + " are revoked",
                    failure);
        }
    }

    private static long total(Member member, TenantId tenant) {
        return member.call(tidal -> tidal.tenant(tenant).orElseThrow().total("view"));
    }
}
