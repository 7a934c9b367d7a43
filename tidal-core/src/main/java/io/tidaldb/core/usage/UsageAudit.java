package io.tidaldb.core.usage;

import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.UsageCheck;
import io.tidaldb.core.UsageHour;
import io.tidaldb.core.cluster.Instance;
import io.tidaldb.core.ingest.Metering;
import io.tidaldb.core.ingest.Node;
import io.tidaldb.core.ingest.TenantShard;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Counts a tenant's usage again from its logs. */
public final class UsageAudit {

    private static final long HOUR_SECONDS = 3600;

    private final Metering metered = new Metering();
    private final Metering counted = new Metering();
    private long meteredEntities;
    private long countedEntities;
    private long firstHour = Long.MIN_VALUE;

    private UsageAudit() {}

    /** Counts what the logs of slots of this process hold. */
    public static UsageCheck of(Instance tidal, List<TenantShard> slots) {
        UsageAudit audit = new UsageAudit();
        slots.forEach(slot -> audit.count(tidal, slot));
        return audit.result();
    }

    /** Returns amounts by hour, those of {@link Metering#before} first. */
    public static List<UsageHour> byHour(Metering metering) {
        List<UsageHour> hours = new ArrayList<>();
        if (!metering.before().equals(Metering.Amount.NONE)) {
            hours.add(hour(null, metering.before()));
        }
        metering.hours().forEach((hour, amount) -> hours.add(hour(instant(hour), amount)));
        return hours;
    }

    private static UsageHour hour(@Nullable Instant beginning, Metering.Amount amount) {
        return new UsageHour(beginning, amount.signals(), amount.bytes());
    }

    private static Instant instant(long hour) {
        return Instant.ofEpochSecond(hour * HOUR_SECONDS);
    }

    // Writes go on: both sides stop where the logs were when the metering was copied.
    private void count(Instance tidal, TenantShard slot) {
        Node.Metered then = tidal.await(tidal.node(slot).metered(slot));
        metered.addAll(then.metering());
        meteredEntities += then.entities();
        Metering ofSlot = new Metering();
        EntityCount entities = new EntityCount(then.entities());
        forEachBatch(tidal, slot, then, batch -> {
            WalBatch all = batch.batch();
            ofSlot.add(all, batch.voids().count(all.firstSeqno(), all.lastSeqno()));
            entities.add(batch);
        });
        while (entities.next()) {
            forEachBatch(tidal, slot, then, entities::add);
        }
        counted.addAll(ofSlot);
        countedEntities += entities.count();
        if (then.truncated()) {
            // The hour in which the logs begin has lost its first part.
            long begin = ofSlot.hours().isEmpty()
                    ? Long.MAX_VALUE - 1
                    : ofSlot.hours().firstKey();
            firstHour = Math.max(firstHour, begin + 1);
        }
    }

    private static void forEachBatch(
            Instance tidal, TenantShard slot, Node.Metered then, Consumer<Node.Counted> consumer) {
        tidal.forEachBatch(slot, (log, batch) -> {
            Long end = then.ends().get(log);
            if (end != null && Long.compareUnsigned(batch.batch().lastSeqno(), end) <= 0) {
                consumer.accept(batch);
            }
        });
    }

    private UsageCheck result() {
        if (firstHour == Long.MIN_VALUE) {
            return new UsageCheck(null, byHour(metered), byHour(counted), meteredEntities, countedEntities);
        }
        return new UsageCheck(
                firstHour == Long.MAX_VALUE ? Instant.MAX : instant(firstHour),
                since(metered),
                since(counted),
                meteredEntities,
                countedEntities);
    }

    private List<UsageHour> since(Metering metering) {
        List<UsageHour> hours = new ArrayList<>();
        metering.hours().tailMap(firstHour).forEach((hour, amount) -> hours.add(hour(instant(hour), amount)));
        return hours;
    }
}
