package io.tidaldb.core.audit;

import io.tidaldb.api.TenantId;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The end of the chain: how many entries there are, the hash of the last one, and the newest of them. Confined to its owner. */
public final class AuditTrail {

    /** How many of the newest entries are kept: no command leaves more. */
    public static final int KEPT = 1024;

    private final Deque<AuditEntry> newest = new ArrayDeque<>();
    private long count;
    private long head = AuditEntry.START;

    /** Before the first entry. */
    public AuditTrail() {}

    /** Adds what a command came to at the end. */
    public void add(
            long index,
            Provenance by,
            String command,
            @Nullable TenantId tenant,
            @Nullable String about,
            AuditChange change) {
        add(new AuditEntry(
                        count + 1,
                        index,
                        Instant.ofEpochMilli(by.atMillis()),
                        by.actor(),
                        command,
                        tenant,
                        about,
                        change.before(),
                        change.after(),
                        change.refused(),
                        change.reason(),
                        AuditEntry.START,
                        AuditEntry.START)
                .chained(head));
    }

    private void add(AuditEntry entry) {
        newest.addLast(entry);
        if (newest.size() > KEPT) {
            newest.removeFirst();
        }
        count = entry.number();
        head = entry.chain();
    }

    /** Returns how many entries there were ever. */
    public long count() {
        return count;
    }

    /** Returns the chain after the last entry. */
    public long head() {
        return head;
    }

    /** Returns the entries beyond a number that are kept, in order. */
    public List<AuditEntry> after(long number) {
        if (number >= count) {
            return List.of();
        }
        return newest.stream().filter(entry -> entry.number() > number).toList();
    }

    /** Goes on from where another one is. */
    public void restore(List<AuditEntry> entries) {
        clear();
        entries.forEach(this::add);
    }

    /** Adds the entries of another one at the end, chained anew. */
    public void addAll(AuditTrail others) {
        others.newest.forEach(each -> add(
                each.index(),
                new Provenance(each.actor(), each.at().toEpochMilli()),
                each.command(),
                each.tenant(),
                each.about(),
                new AuditChange(each.before(), each.after(), each.refused(), each.reason())));
    }

    /** Becomes what another one is. */
    public void replaceWith(AuditTrail other) {
        restore(List.copyOf(other.newest));
    }

    private void clear() {
        newest.clear();
        count = 0;
        head = AuditEntry.START;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AuditTrail trail && trail.count == count && trail.head == head;
    }

    @Override
    public int hashCode() {
        return Objects.hash(count, head);
    }
}
