package io.tidaldb.core.control;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.core.key.TenantKeys;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tenant as the control log knows it.
 *
 * @param config without its label
 * @param placement the replica that leads each slot
 * @param preferred the replica that is to lead each slot whenever it can: where it was placed first, or was moved to on purpose
 * @param epoch grows whenever a slot gets another leader; begins above that of an erased tenant with the same id
 * @param minIncarnation the lowest incarnation in which its logs may be written: above those of an erased tenant with the same id
 * @param homes shards beside those of the placement that hold a slot or once did
 * @param change what is under way of who holds its replicas; null if nothing is. The configuration says who does now
 * @param keys of an encrypted tenant
 */
public record TenantRecord(
        TenantConfig config,
        List<ReplicaId> placement,
        List<ReplicaId> preferred,
        long epoch,
        long digestSeed,
        int minIncarnation,
        List<SlotHome> homes,
        @Nullable ReplicaChange change,
        TenantKeys keys) {

    /** Copies the lists. */
    public TenantRecord {
        placement = List.copyOf(placement);
        preferred = List.copyOf(preferred);
        homes = List.copyOf(homes);
    }

    /** Creates a record of a tenant none of whose slots was ever moved. */
    public TenantRecord(
            TenantConfig config,
            List<ReplicaId> placement,
            List<ReplicaId> preferred,
            long epoch,
            long digestSeed,
            int minIncarnation) {
        this(config, placement, preferred, epoch, digestSeed, minIncarnation, List.of(), null, TenantKeys.NONE);
    }

    /** Returns the configuration as it is wanted: what a change that is under way will make of it. */
    public TenantConfig wanted() {
        return change == null ? config : wanted(change);
    }

    private TenantConfig wanted(ReplicaChange by) {
        return config.toBuilder()
                .requiredRegions(by.regions().toArray(RegionId[]::new))
                .withoutReplicas(by.without().toArray(ReplicaId[]::new))
                .build();
    }

    /** Returns whether a replica may lack what was acknowledged before it was given the tenant. */
    public boolean isFilling(ReplicaId replica) {
        return change != null && change.filling().contains(replica);
    }

    /** Returns this with another state of a change of its replicas; one that is over is forgotten. */
    TenantRecord changing(ReplicaChange next) {
        return new TenantRecord(
                config,
                placement,
                preferred,
                epoch,
                digestSeed,
                minIncarnation,
                homes,
                next.isOver() ? null : next,
                keys);
    }

    /** Returns this with another configuration. */
    public TenantRecord with(TenantConfig changed) {
        return new TenantRecord(changed, placement, preferred, epoch, digestSeed, minIncarnation, homes, change, keys);
    }

    /** Returns this with other keys. */
    TenantRecord keyed(TenantKeys next) {
        return new TenantRecord(config, placement, preferred, epoch, digestSeed, minIncarnation, homes, change, next);
    }

    /** Returns this with another leader of a slot, in a new epoch. */
    TenantRecord ledBy(int slot, ReplicaId leader) {
        return new TenantRecord(
                config,
                set(placement, slot, leader),
                preferred,
                epoch + 1,
                digestSeed,
                minIncarnation,
                homes,
                change,
                keys);
    }

    /** Returns this with another preferred leader of a slot. */
    TenantRecord preferring(int slot, ReplicaId leader) {
        return new TenantRecord(
                config,
                placement,
                set(preferred, slot, leader),
                epoch,
                digestSeed,
                minIncarnation,
                homes,
                change,
                keys);
    }

    // Shards beside those of the placement

    /** Returns the slot that a shard of the placement has; -1 if there is none. */
    public int slotOf(ShardId shard) {
        return placement.stream().map(ReplicaId::shard).toList().indexOf(shard);
    }

    /** Returns whether a slot is on a shard, or was, so that the shard's replicas wrote to it. */
    public boolean had(int slot, ShardId shard) {
        return placement.get(slot).shard().equals(shard) || hasLeft(slot, shard);
    }

    /** Returns whether a slot was on a shard beside that which it is on now. */
    boolean hasLeft(int slot, ShardId shard) {
        return homes.stream()
                .anyMatch(home -> home.slot() == slot
                        && home.wrote()
                        && home.replica().shard().equals(shard));
    }

    /** Returns the shard beside its own that holds a slot; null if none does. */
    public @Nullable SlotHome homeOf(int slot) {
        return homes.stream()
                .filter(home -> home.held() && home.slot() == slot)
                .findFirst()
                .orElse(null);
    }

    /** Returns all shards that a slot is or ever was on, its own first. */
    public List<ShardId> shardsOf(int slot) {
        List<ShardId> shards = new ArrayList<>();
        shards.add(placement.get(slot).shard());
        homes.stream()
                .filter(home -> home.slot() == slot)
                .map(home -> home.replica().shard())
                .filter(shard -> !shards.contains(shard))
                .forEach(shards::add);
        return shards;
    }

    /** Returns this with what is known of a shard beside the slot's own: it replaces what was known of the same one. */
    TenantRecord with(SlotHome home) {
        List<SlotHome> changed = new ArrayList<>(homes);
        changed.removeIf(each -> each.slot() == home.slot()
                && each.replica().shard().equals(home.replica().shard()));
        changed.add(home);
        return withHomes(changed);
    }

    /** Returns this without a shard beside a slot's own. */
    TenantRecord without(int slot, ShardId shard) {
        List<SlotHome> changed = new ArrayList<>(homes);
        changed.removeIf(each -> each.slot() == slot && each.replica().shard().equals(shard));
        return withHomes(changed);
    }

    private TenantRecord withHomes(List<SlotHome> changed) {
        return new TenantRecord(config, placement, preferred, epoch, digestSeed, minIncarnation, changed, change, keys);
    }

    /** Returns this in a later epoch and with later logs. */
    TenantRecord restored(long laterEpoch, int laterIncarnation) {
        return new TenantRecord(config, placement, preferred, laterEpoch, digestSeed, laterIncarnation);
    }

    private static List<ReplicaId> set(List<ReplicaId> replicas, int slot, ReplicaId replica) {
        List<ReplicaId> changed = new ArrayList<>(replicas);
        changed.set(slot, replica);
        return changed;
    }
}
