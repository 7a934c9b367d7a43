package io.tidaldb.it.sim;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WriteMode;
import io.tidaldb.core.BackupReport;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.RestoreOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.backup.BackedUpLog;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.RestorePoint;
import io.tidaldb.core.embedded.Replicas;
import io.tidaldb.core.ingest.Digests;
import io.tidaldb.core.ingest.TenantShard;
import io.tidaldb.it.sim.SimulatedMembers.Member;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Backups of tenants, part by part through whichever member serves, and restores of them as other tenants or as the same one, up to moments at
 * which somebody has looked, while members crash, lead and move whatever they do. What is restored must answer as the tenant did, to the bit.
 * Has randomness of its own.
 */
final class RandomBackups {

    private static final int BACKUPS = Integer.getInteger("tidal.sim.backups", 400_000);

    /** The first id of what is restored. */
    private static final long COPIES = 1_000;

    private static final int MOST_COPIES = 6;
    private static final int MOST_MOMENTS = 30;
    private static final long AS_OF = 1_767_139_200L * 1_000_000_000 + 3_600L * 1_000_000_000;
    private static final int TYPES = 5;

    private final SimulatedMembers cluster;
    private final SimulatedWorld world;
    private final SimulatedRandom random;
    private final Runnable write;
    private final BiConsumer<Member, String> strike;
    private final boolean chosen;
    private final RandomKeys keys;
    private final RandomErasures erasures;
    private final List<EntityId> entities;
    private final boolean faulty;
    private final boolean truncating;
    private final SortedMap<TenantId, Backup> backups = new TreeMap<>();

    /** What was restored, if that is known, by its id. */
    private final SortedMap<TenantId, Optional<Expected>> copies = new TreeMap<>();

    private boolean over;
    private long nextCopy = COPIES;
    private long parts;
    private long restored;
    private long struck;

    /** The parts that somebody has of a tenant, and when he looked. */
    private static final class Backup {

        final long life;
        final List<byte[]> parts = new ArrayList<>();
        final List<KeptBackup.Moment> moments = new ArrayList<>();
        BackupPoint point = BackupPoint.NOTHING;

        Backup(long life) {
            this.life = life;
        }
    }

    /** What was restored, but for whom was erased since and is erased again. */
    private record Expected(List<String> state, Set<EntityId> erased) {

        List<String> of(List<String> answers) {
            return answers.stream()
                    .filter(line -> erased.isEmpty()
                            || !line.matches("type \\d+:.*")
                                    && erased.stream().noneMatch(each -> line.matches("type \\d+ of " + each + " .*")))
                    .toList();
        }
    }

    /**
     * Creates it.
     *
     * @param entities that there may be
     * @param faulty whether machines may crash
     * @param write begins a write of some user
     * @param strike ends a member's machine, for a reason
     */
    RandomBackups(
            SimulatedMembers cluster,
            RandomKeys keys,
            RandomErasures erasures,
            List<EntityId> entities,
            boolean faulty,
            Runnable write,
            BiConsumer<Member, String> strike) {
        this.cluster = cluster;
        this.world = cluster.world();
        this.random = world.random("backups");
        this.write = write;
        this.strike = strike;
        this.chosen = random.chance(BACKUPS);
        this.keys = keys;
        this.erasures = erasures;
        this.entities = List.copyOf(entities);
        this.faulty = faulty;
        this.truncating = chosen && random.chance(400_000);
        if (truncating) {
            cluster.retaining(Duration.ofMillis(random.below(2_000)));
        }
    }

    /** Returns whether logs are cut. */
    boolean isTruncating() {
        return truncating;
    }

    /** Returns how many parts were taken. */
    long parts() {
        return parts;
    }

    /** Returns how many tenants were restored, and found to be as they were. */
    long restored() {
        return restored;
    }

    /** Returns how many machines were crashed that had just restored something. */
    long struck() {
        return struck;
    }

    /** Returns whether an id is that of something restored. */
    static boolean isCopy(TenantId id) {
        return id.value() >= COPIES;
    }

    /** Does something by chance. */
    void act() {
        List<Member> serving = cluster.members().stream().filter(Member::serves).toList();
        if (!chosen || serving.isEmpty() || !random.chance(300_000)) {
            return;
        }
        Member through = serving.get((int) random.below(serving.size()));
        switch ((int) random.below(10)) {
            case 0, 1, 2, 3 -> some(through).ifPresent(tenant -> remember(through, tenant));
            case 4, 5, 6 -> some(through).ifPresent(tenant -> backUp(through, tenant));
            case 7, 8 -> restoreSome(through);
            default -> deleteSome(through);
        }
    }

    private Optional<TenantId> some(Member member) {
        List<Tenant> tenants = member.tidal().tenants();
        return tenants.isEmpty()
                ? Optional.empty()
                : Optional.of(tenants.get((int) random.below(tenants.size())).id());
    }

    private Backup of(Tidal tidal, TenantId tenant) {
        long life = Replicas.life(tidal, tenant);
        Backup known = backups.get(tenant);
        if (known == null || known.life != life) {
            known = new Backup(life);
            backups.put(tenant, known);
        }
        return known;
    }

    private void remember(Member member, TenantId tenant) {
        look(member, tenant).ifPresent(moment -> {
            List<KeptBackup.Moment> moments = of(member.tidal(), tenant).moments;
            if (moments.size() == MOST_MOMENTS) {
                moments.remove((int) random.below(MOST_MOMENTS));
            }
            moments.add(moment);
        });
    }

    /** Returns what a member's own replicas answer at this instant; empty if it does not have all of them, or they are not to be read. */
    private Optional<KeptBackup.Moment> look(Member member, TenantId tenant) {
        List<BackedUpLog> at = new ArrayList<>();
        List<String> state = new ArrayList<>();
        try {
            List<ReplicaId> placement =
                    member.tidal().tenant(tenant).map(Tenant::placement).orElse(List.of());
            for (int slot = 0; slot < placement.size(); slot++) {
                List<TenantShard> here =
                        Replicas.of(member.tidal(), tenant, placement.get(slot).shard());
                Optional<List<BackedUpLog>> reached =
                        here.isEmpty() ? Optional.empty() : Digests.reached(slot, here.get(0));
                if (reached.isEmpty()) {
                    return Optional.empty();
                }
                at.addAll(reached.get());
                state.add("slot " + slot);
                state.addAll(Digests.answers(here.get(0), TYPES, entities, AS_OF));
            }
        } catch (TidalException e) {
            return Optional.empty();
        }
        return at.isEmpty() ? Optional.empty() : Optional.of(new KeptBackup.Moment(at, state));
    }

    private void writeMeanwhile() {
        for (long left = over ? 0 : random.below(20); left > 0; left--) {
            world.schedule(Duration.ofMillis(random.between(0, 500)), write);
        }
    }

    private void backUp(Member through, TenantId tenant) {
        Backup backup = of(through.tidal(), tenant);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writeMeanwhile();
        boolean everywhere =
                through.tidal().tenant(tenant).orElseThrow().config().writes() == WriteMode.EVERYWHERE;
        try {
            BackupReport report = through.call(tidal -> {
                try {
                    return tidal.backup(tenant, backup.point, out);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            parts++;
            boolean beginsAnew = !backup.parts.isEmpty() && report.after().equals(BackupPoint.NOTHING);
            backup.parts.add(out.toByteArray());
            backup.point = report.point();
            world.note("through " + through.id() + " part " + backup.parts.size() + " of " + tenant
                    + (beginsAnew ? ", anew" : "") + " up to " + report.point());
        } catch (MachineCrash e) {
            world.note(through.id() + " crashed while " + tenant + " was backed up");
        } catch (TidalException e) {
            cluster.mustExplain("nobody can back up " + tenant, e);
            world.note("through " + through.id() + " " + tenant + " is not backed up"
                    + (everywhere ? ", which is written everywhere" : "") + ": " + e.getMessage());
        }
    }

    // Restoring

    private void restoreSome(Member through) {
        List<TenantId> backedUp = backups.entrySet().stream()
                .filter(each -> !each.getValue().parts.isEmpty())
                .map(Map.Entry::getKey)
                .toList();
        if (backedUp.isEmpty() || copies.size() >= MOST_COPIES) {
            return;
        }
        TenantId of = backedUp.get((int) random.below(backedUp.size()));
        Backup backup = Objects.requireNonNull(backups.get(of));
        KeptBackup kept = new KeptBackup(backup.parts.subList(0, (int) random.between(1, backup.parts.size())));
        List<KeptBackup.Moment> moments = backup.moments.stream()
                .filter(moment -> kept.point(moment).isPresent())
                .toList();
        RestoreOptions options = RestoreOptions.DEFAULT;
        KeptBackup.@Nullable Moment moment = null;
        if (!moments.isEmpty() && random.chance(900_000)) {
            moment = moments.get((int) random.below(moments.size()));
            options = options.at(kept.point(moment).orElseThrow());
        }
        if (isCopy(of) && random.chance(600_000)) {
            if (copies.containsKey(of) && !delete(through, of)) {
                return;
            }
        } else {
            options = options.as(TenantId.of(nextCopy++));
        }
        if (random.chance(200_000)) {
            options = options.in(List.of(through.region()));
        }
        if (through.serves()) {
            restore(through, of, kept, options, moment);
        }
    }

    private @Nullable TidalException restore(
            Member through, TenantId of, KeptBackup kept, RestoreOptions options, KeptBackup.@Nullable Moment moment) {
        TenantId id = options.as().orElse(of);
        copies.put(id, Optional.empty());
        writeMeanwhile();
        String what = "restore " + of + " as " + id + " through " + through.id();
        boolean strikes = !over && faulty && random.chance(400_000);
        world.note("somebody begins to " + what + " up to "
                + (options.at().equals(RestorePoint.NEWEST)
                        ? "its end"
                        : options.at().seqnos()));
        try {
            through.call(tidal -> {
                try {
                    return tidal.restore(strikes ? new CutOff(kept, through) : kept, options);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            world.note("somebody did " + what);
            if (moment != null) {
                Expected expected = new Expected(moment.state(), Set.copyOf(erasures.ever(of)));
                copies.put(id, Optional.of(expected));
                mustBe(through, id, expected);
            }
            restored++;
            if (strikes) {
                strike(through, id);
            }
        } catch (MachineCrash e) {
            world.note("crashed before it could " + what);
        } catch (TidalException e) {
            cluster.mustExplain("nobody can " + what, e);
            world.note("can't " + what + ": " + e.getMessage());
            return e;
        }
        return null;
    }

    /** A backup whose reader is cut off from the others for a while when it comes to restore what it has checked. */
    private final class CutOff implements BackupSource {

        private final BackupSource source;
        private final Member reader;
        private boolean checked;

        CutOff(BackupSource source, Member reader) {
            this.source = source;
            this.reader = reader;
        }

        @Override
        public String name() {
            return source.name();
        }

        @Override
        public InputStream open() throws IOException {
            if (checked) {
                world.schedule(
                        Duration.ofMillis(random.between(100, 2_000)),
                        cluster.network().isolate(List.of(reader.id()))::close);
            }
            checked = true;
            return source.open();
        }
    }

    // Others have all of what is to survive the loss of one, and lead it if that takes long to come back.
    private void strike(Member member, TenantId id) {
        boolean survives = member.serves()
                && member.tidal()
                        .tenant(id)
                        .filter(tenant -> tenant.config().durability() == Durability.MAJORITY)
                        .isPresent();
        if (survives) {
            struck++;
            strike.accept(member, "it has just restored " + id);
        }
    }

    private void mustBe(Member member, TenantId id, Expected expected) {
        if (!member.serves()) {
            return;
        }
        look(member, id).ifPresent(now -> {
            if (!expected.of(now.state()).equals(expected.of(expected.state))) {
                throw new AssertionError(member.id() + " has restored " + id + " as " + now.state() + ", and it was "
                        + expected + ", which is now at " + now.at());
            }
        });
    }

    private void deleteSome(Member through) {
        if (!copies.isEmpty()) {
            delete(through, List.copyOf(copies.keySet()).get((int) random.below(copies.size())));
        }
    }

    /** Returns whether it is known to be gone. */
    private boolean delete(Member through, TenantId copy) {
        try {
            through.call(tidal -> {
                tidal.deleteTenant(copy);
                return copy;
            });
            world.note("deletes " + copy + " through " + through.id());
        } catch (MachineCrash e) {
            world.note("crashed before it was known whether " + copy + " is deleted");
            return false;
        } catch (TidalException e) {
            cluster.mustExplain("nobody can delete " + copy, e);
            world.note("nobody can delete " + copy + " through " + through.id() + ": " + e.getMessage());
            // It may still be agreed on.
            return false;
        }
        copies.remove(copy);
        return true;
    }

    // In the end

    /** When nothing is wrong any more: what was restored is the same everywhere, and everything that somebody has can be restored. */
    void mustEnd() {
        over = true;
        copies.forEach((id, state) ->
                cluster.members().forEach(member -> state.ifPresent(was -> mustBe(member, id, was))));
        deleteAll();
        for (TenantId tenant : List.copyOf(backups.keySet())) {
            Backup backup = Objects.requireNonNull(backups.get(tenant));
            if (!backup.parts.isEmpty()) {
                mustRestore(tenant, backup);
            }
        }
        deleteAll();
    }

    private void deleteAll() {
        for (TenantId copy : List.copyOf(copies.keySet())) {
            Member member =
                    cluster.members().get((int) random.below(cluster.members().size()));
            try {
                member.call(tidal -> {
                    tidal.deleteTenant(copy);
                    return copy;
                });
            } catch (TidalException e) {
                if (e.code() != ErrorCode.TENANT_NOT_FOUND) {
                    throw e;
                }
            }
        }
        copies.clear();
    }

    private void mustRestore(TenantId tenant, Backup backup) {
        Member member =
                cluster.members().get((int) random.below(cluster.members().size()));
        KeptBackup kept = new KeptBackup(backup.parts);
        List<KeptBackup.Moment> moments = backup.moments.stream()
                .filter(moment -> kept.point(moment).isPresent())
                .toList();
        KeptBackup.@Nullable Moment moment = moments.isEmpty() ? null : moments.get((int) random.below(moments.size()));
        // Anywhere: it may have been kept from the region of this member.
        RestoreOptions options =
                RestoreOptions.DEFAULT.as(TenantId.of(nextCopy++)).in(List.of());
        TidalException failure = restore(
                member,
                tenant,
                kept,
                moment == null ? options : options.at(kept.point(moment).orElseThrow()),
                moment);
        if (failure != null && failure.code() == ErrorCode.KEY_UNAVAILABLE && keys.encrypts(tenant)) {
            // The key that was its alone was destroyed when it was deleted.
            return;
        }
        if (failure != null
                && failure.code() == ErrorCode.UNSUPPORTED
                && !erasures.ever(tenant).isEmpty()) {
            // It was written everywhere, and a later one with its id was not: what was erased from that can't be erased
            // here.
            return;
        }
        if (failure != null) {
            throw new AssertionError("nothing is wrong, and a backup of " + tenant + " can't be restored", failure);
        }
        TenantId id = options.as().orElseThrow();
        Tenant copy = member.tidal().tenant(id).orElseThrow();
        if (moment != null && look(member, id).isEmpty()) {
            throw new AssertionError(member.id() + " has restored " + id + " and does not have all of it");
        }
        // It goes on.
        long before = member.call(tidal -> copy.total("view"));
        // What was restored has the quota of what was backed up.
        member.callInTime(tidal -> copy.record("view", 5, 1));
        long after = member.call(tidal -> copy.total("view"));
        if (after != before + 1) {
            throw new AssertionError(id + ", which was restored, counts " + after + " after a write to " + before);
        }
    }
}
