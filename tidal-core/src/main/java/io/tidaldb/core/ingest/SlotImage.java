package io.tidaldb.core.ingest;

import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.Origin;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.crdt.LwwRegister;
import io.tidaldb.core.key.KeyRing;
import io.tidaldb.core.ledger.FrozenLedger;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A slot's state at one position of its logs, for a checkpoint that is written while the slot goes on. Immutable.
 *
 * <p>Taken by the commit loop between two commits: a pointer for each page of the ledgers and for each idempotency key, which is the most
 * of it, some ten milliseconds a million; names and the rest cost next to nothing.
 */
final class SlotImage implements AutoCloseable {

    /** How far an origin's log was there, how far it was folded, and into what. */
    record OriginImage(
            Origin origin,
            long lastSeqno,
            long foldedSeqno,
            long chain,
            FrozenLedger ledger,
            @Nullable FrozenLedger voids,
            List<ControlRecord.Voided> waiting) {}

    final TenantId tenantId;
    final ReplicaId replica;
    final long lastHlc;
    final @Nullable String label;
    final BitSet schemaLogged;
    final @Nullable FrozenLedger base;
    final Map<Origin, Long> compacted;
    final List<OriginImage> origins = new ArrayList<>();
    final NameTable.Frozen names;
    final Metering metering = new Metering();
    final List<Map.Entry<IdempotencyKey, KeyMemory.Result>> keys;
    final List<Map.Entry<IdempotencyKey, KeyMemory.Result>> userKeys;
    final List<FoldNotes.Note> notes;
    final UserState.Image users;
    final List<EntityErasures.Note> erasures;
    final Duplicates duplicates = new Duplicates();
    final @Nullable LwwRegister<String> labelRegister;
    final KeyRing ring;

    /** Takes the image of a slot of which there is no other; {@link #close} it. */
    SlotImage(TenantShard shard) {
        tenantId = shard.tenantId();
        replica = shard.replica();
        lastHlc = shard.lastHlc;
        label = shard.label();
        schemaLogged = (BitSet) shard.schemaLogged.clone();
        base = shard.base == null ? null : shard.base.freeze();
        compacted = new TreeMap<>(shard.compacted);
        for (OriginLedger each : shard.origins.values()) {
            origins.add(new OriginImage(
                    each.origin,
                    each.lastSeqno,
                    each.foldedSeqno,
                    each.chain,
                    each.ledger.freeze(),
                    each.voids == null ? null : each.voids.freeze(),
                    List.copyOf(each.waiting)));
        }
        names = shard.names.freeze();
        metering.addAll(shard.metering);
        keys = shard.keys.entries();
        userKeys = shard.writesEverywhere() ? shard.userKeys.entries() : List.of();
        notes = shard.notes.notes();
        users = shard.users.image();
        erasures = shard.erasures.image();
        duplicates.replaceBy(shard.duplicates);
        labelRegister = shard.writesEverywhere() ? shard.labelRegister : null;
        ring = shard.tenant().keys();
    }

    /** Returns how far an origin is folded in the image: what comes after that seqno is nowhere but in its log. */
    long end(Origin origin) {
        Long end = compacted.get(origin);
        if (end != null) {
            return end;
        }
        return origins.stream()
                .filter(each -> each.origin.equals(origin))
                .mapToLong(OriginImage::foldedSeqno)
                .findFirst()
                .orElse(origin.startSeqno());
    }

    /** Lets the ledgers go. Safe for any thread, once. */
    @Override
    public void close() {
        if (base != null) {
            base.close();
        }
        for (OriginImage each : origins) {
            each.ledger.close();
            if (each.voids != null) {
                each.voids.close();
            }
        }
    }
}
