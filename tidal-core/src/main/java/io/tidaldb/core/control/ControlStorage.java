package io.tidaldb.core.control;

import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlSnapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps entries and the newest snapshot. Called by one thread at a time. A failure leaves it unusable. */
interface ControlStorage {

    /** Returns what was found when it was opened. Can be asked once; the entries are not held in memory afterwards. */
    Recovered recovered();

    /** Stores an entry; durable when this returns, as far as this storage keeps anything. */
    void append(ControlEntry entry);

    /** Stores a snapshot, durably, and drops what it makes superfluous. */
    void compact(ControlSnapshot snapshot);

    void close();

    /** The newest snapshot and the entries after it, without a gap. */
    record Recovered(@Nullable ControlSnapshot snapshot, List<ControlEntry> entries) {

        long lastIndex() {
            if (!entries.isEmpty()) {
                return entries.get(entries.size() - 1).index();
            }
            return snapshot == null ? 0 : snapshot.index();
        }
    }
}
