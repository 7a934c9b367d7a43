package io.tidaldb.core.ingest;

import com.dynatrace.hash4j.hashing.Hashing;
import io.tidaldb.api.Origin;
import io.tidaldb.api.OverloadedException;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.codec.HardNegativeRecord;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.ledger.StateDigest;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The hard negatives of a slot's items: an observed-remove set. One that was added stays until a withdrawal names it; of several that one
 * origin has added for the same user, item and kind, the last stands for all.
 *
 * <p>What is in a log and does not count, since its origin was closed before it, hides all the same: a replica that has seen it never shows
 * the item again, also while it waits for the adoption. A withdrawal has an effect only once it counts. What counts is a function of the
 * set of records that count, in whatever order the logs of different origins come.
 *
 * <p>Written by the commit loop alone, read by any thread.
 */
final class NegativeTable {

    /**
     * One that was added.
     *
     * @param record its name
     * @param counts whether it is folded, and not only in the log
     */
    record Entry(int what, long user, long item, WalSegmentId record, boolean counts) {

        private boolean isLike(Entry other) {
            return what == other.what && record.origin().equals(other.record.origin());
        }
    }

    /** All that there is at one moment. */
    record Image(List<Entry> entries, List<WalSegmentId> ahead) {}

    /** Most items of a slot that one user does not want to see. */
    private static final int MAX_ITEMS = 100_000;

    private static final Comparator<Entry> ORDER = Comparator.comparing(Entry::record);

    private static final Map<Long, List<Entry>> NOTHING = Collections.emptyMap();

    private final Map<Long, Map<Long, List<Entry>>> byUser = new ConcurrentHashMap<>();

    /** Names that withdrawals which count have cancelled before the records came that bear them. */
    private final SortedSet<WalSegmentId> ahead = new TreeSet<>();

    /** Takes notice of one that is in a log and is not folded, now at least. */
    void see(HardNegativeRecord record, WalSegmentId name) {
        if (record.withdrawn() == null && !ahead.contains(name)) {
            List<Entry> known = of(record.user(), record.item());
            if (known.stream().noneMatch(each -> each.record.equals(name))) {
                put(known, new Entry(record.what(), record.user(), record.item(), name, false));
            }
        }
    }

    /** Folds a record that is void: its effect is that of another one. */
    void skip(HardNegativeRecord record, WalSegmentId name) {
        if (record.withdrawn() == null) {
            remove(record.user(), record.item(), name);
            ahead.remove(name);
        }
    }

    /**
     * Folds the next record of its origin.
     *
     * @param folded how far the log of an origin is folded, this record not yet
     */
    void fold(HardNegativeRecord record, WalSegmentId name, ToLongFunction<Origin> folded) {
        List<WalSegmentId> withdrawn = record.withdrawn();
        if (withdrawn == null) {
            add(new Entry(record.what(), record.user(), record.item(), name, true));
            return;
        }
        for (WalSegmentId each : withdrawn) {
            remove(record.user(), record.item(), each);
            if (Long.compareUnsigned(each.seqno(), folded.applyAsLong(each.origin())) > 0) {
                ahead.add(each);
            }
        }
    }

    private void add(Entry entry) {
        List<Entry> known = new ArrayList<>(of(entry.user, entry.item));
        known.removeIf(each -> each.record.equals(entry.record) || each.counts && each.isLike(entry));
        // Whoever withdrew it had seen those before it as well.
        if (!ahead.remove(entry.record)) {
            known.add(entry);
            known.sort(ORDER);
        }
        replace(entry.user, entry.item, known);
    }

    /** Removes what names an entity, as user or as item, in records that are ruled out. */
    void erase(long entity, Predicate<WalSegmentId> ruledOut) {
        for (Entry each : all()) {
            if ((each.user == entity || each.item == entity) && ruledOut.test(each.record)) {
                remove(each.user, each.item, each.record);
            }
        }
    }

    private List<Entry> of(long user, long item) {
        return byUser.getOrDefault(user, NOTHING).getOrDefault(item, List.of());
    }

    private void put(List<Entry> known, Entry entry) {
        List<Entry> all = new ArrayList<>(known);
        all.add(entry);
        all.sort(ORDER);
        replace(entry.user, entry.item, all);
    }

    private void remove(long user, long item, WalSegmentId name) {
        List<Entry> known = of(user, item);
        if (known.stream().anyMatch(each -> each.record.equals(name))) {
            replace(
                    user,
                    item,
                    known.stream().filter(each -> !each.record.equals(name)).toList());
        }
    }

    private void replace(long user, long item, List<Entry> entries) {
        if (entries.isEmpty()) {
            Map<Long, List<Entry>> items = byUser.get(user);
            if (items != null) {
                items.remove(item);
                if (items.isEmpty()) {
                    byUser.remove(user);
                }
            }
        } else {
            byUser.computeIfAbsent(user, each -> new ConcurrentHashMap<>()).put(item, List.copyOf(entries));
        }
    }

    /** Returns which items a user does not want to see. Follows what is folded afterwards. */
    LongPredicate hiddenFrom(long user) {
        return item -> byUser.getOrDefault(user, NOTHING).containsKey(item);
    }

    /** Returns how many items a user does not want to see. */
    int items(long user) {
        return byUser.getOrDefault(user, NOTHING).size();
    }

    /** Returns why one can't be added, or null. */
    @Nullable
    TidalException refusal(HardNegativeRecord record) {
        return items(record.user()) < MAX_ITEMS
                        || !of(record.user(), record.item()).isEmpty()
                ? null
                : new OverloadedException("user " + Long.toUnsignedString(record.user())
                        + " does not want to see " + MAX_ITEMS
                        + " entities of a slot already, which is the most: withdraw some");
    }

    /** Returns what a user has added and not withdrawn, by item and then by record. */
    List<Entry> of(long user) {
        return byUser.getOrDefault(user, NOTHING).values().stream()
                .flatMap(Collection::stream)
                .sorted(Comparator.<Entry, Long>comparing(Entry::item, Long::compareUnsigned)
                        .thenComparing(ORDER))
                .toList();
    }

    private List<Entry> all() {
        return byUser.values().stream()
                .flatMap(items -> items.values().stream())
                .flatMap(Collection::stream)
                .toList();
    }

    /** Adds a digest of all that counts, in the buckets of the items. */
    StateDigest digest(StateDigest.Pieces pieces) {
        for (Entry each : all()) {
            if (each.counts) {
                pieces.add(
                        each.item,
                        Hashing.xxh3_64()
                                .hashStream()
                                .putInt(each.what)
                                .putLong(each.user)
                                .putLong(each.item)
                                .putInt(each.record.region().value())
                                .putInt(each.record.shard().value())
                                .putLong(each.record.seqno())
                                .getAsLong());
            }
        }
        return pieces.sum();
    }

    /** Makes the records be called as they are in another slot. */
    void rename(RenamedOrigins names) {
        Image before = image();
        byUser.clear();
        ahead.clear();
        for (Entry each : before.entries) {
            put(
                    of(each.user, each.item),
                    new Entry(each.what, each.user, each.item, names.of(each.record), each.counts));
        }
        before.ahead.forEach(each -> ahead.add(names.of(each)));
    }

    boolean isEmpty() {
        return byUser.isEmpty() && ahead.isEmpty();
    }

    Image image() {
        return new Image(all(), List.copyOf(ahead));
    }

    static void write(Image image, DataOutput out) throws IOException {
        List<Entry> sorted = new ArrayList<>(image.entries);
        sorted.sort(ORDER);
        out.writeInt(sorted.size());
        for (Entry each : sorted) {
            out.writeByte(each.what);
            out.writeBoolean(each.counts);
            out.writeLong(each.user);
            out.writeLong(each.item);
            writeName(out, each.record);
        }
        out.writeInt(image.ahead.size());
        for (WalSegmentId each : image.ahead) {
            writeName(out, each);
        }
    }

    void readFrom(DataInput in) throws IOException {
        for (int i = in.readInt(); i > 0; i--) {
            int what = in.readUnsignedByte();
            boolean counts = in.readBoolean();
            long user = in.readLong();
            long item = in.readLong();
            put(of(user, item), new Entry(what, user, item, readName(in), counts));
        }
        for (int i = in.readInt(); i > 0; i--) {
            ahead.add(readName(in));
        }
    }

    static void writeName(DataOutput out, WalSegmentId name) throws IOException {
        out.writeShort(name.region().value());
        out.writeShort(name.shard().value());
        out.writeLong(name.seqno());
    }

    static WalSegmentId readName(DataInput in) throws IOException {
        return new WalSegmentId(RegionId.of(in.readUnsignedShort()), ShardId.of(in.readUnsignedShort()), in.readLong());
    }
}
