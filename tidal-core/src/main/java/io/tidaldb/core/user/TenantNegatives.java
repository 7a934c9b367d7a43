package io.tidaldb.core.user;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.HardNegative;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.codec.HardNegativeRecord;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** The hard negatives of a tenant. */
public record TenantNegatives(UserStore store) implements HardNegatives {

    private static final int MAX_ENTITIES = 10_000;

    @Override
    public Position add(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options) {
        return write(new HardNegativeRecord(kind.ordinal(), user.value(), entity.value(), null), options);
    }

    @Override
    public CompletionStage<Position> addAsync(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options) {
        return store.write(new HardNegativeRecord(kind.ordinal(), user.value(), entity.value(), null), options);
    }

    @Override
    public Position withdraw(NegativeKind kind, EntityId user, EntityId entity, WriteOptions options) {
        List<WalSegmentId> seen = store.hidden(user.value(), ReadOptions.DEFAULT).stream()
                .filter(each -> each.item() == entity.value() && each.what() == kind.ordinal())
                .map(each -> each.record())
                .limit(HardNegativeRecord.MAX_WITHDRAWN)
                .toList();
        return write(new HardNegativeRecord(kind.ordinal(), user.value(), entity.value(), seen), options);
    }

    @Override
    public Position withdraw(
            NegativeKind kind, EntityId user, EntityId entity, List<WalSegmentId> records, WriteOptions options) {
        if (records.isEmpty() || records.size() > HardNegativeRecord.MAX_WITHDRAWN) {
            throw TidalException.invalid("a withdrawal of " + records.size()
                    + " hard negatives is out of range: expected 1 to " + HardNegativeRecord.MAX_WITHDRAWN);
        }
        return write(new HardNegativeRecord(kind.ordinal(), user.value(), entity.value(), records), options);
    }

    private Position write(HardNegativeRecord record, WriteOptions options) {
        return store.await(store.write(record, options), options);
    }

    @Override
    public List<HardNegative> of(EntityId user, ReadOptions options) {
        NegativeKind[] kinds = NegativeKind.values();
        return store.hidden(user.value(), options).stream()
                .map(each -> new HardNegative(kinds[each.what()], user, EntityId.of(each.item()), each.record()))
                .toList();
    }

    @Override
    public List<EntityId> visible(EntityId user, List<EntityId> entities, ReadOptions options) {
        if (entities.size() > MAX_ENTITIES) {
            throw TidalException.invalid(
                    "a filter of " + entities.size() + " entities is out of range: expected at most " + MAX_ENTITIES);
        }
        Set<Long> hidden = new HashSet<>(store.hiddenAmong(user.value(), entities, options));
        return entities.stream().filter(each -> !hidden.contains(each.value())).toList();
    }
}
