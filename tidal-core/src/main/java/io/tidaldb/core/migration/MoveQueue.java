package io.tidaldb.core.migration;

import io.tidaldb.core.control.MigrationRecord;
import io.tidaldb.core.control.MigrationState;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;

/** Which migrations are copied, and which wait until others have been. Pure functions. */
final class MoveQueue {

    /** How many slots are copied at a time, over the whole cluster; others wait, in order. */
    static final int AT_A_TIME = 4;

    private MoveQueue() {}

    /**
     * Returns the migrations that wait for others. One that is paused or stalled, or of which one side is away, has no place, and keeps nobody
     * waiting; it takes its place when it can go on.
     *
     * @param all in order of id
     * @param able whether both sides can be reached and the target is in service, as far as is known here: where nodes disagree about that for a moment, some more or
     *     fewer are copied, which does no harm
     */
    static SortedSet<Long> waiting(List<MigrationRecord> all, Predicate<MigrationRecord> able) {
        List<MigrationRecord> going = all.stream()
                .filter(each -> each.state().canAbort() && !each.paused() && !each.stalled() && able.test(each))
                .toList();
        List<Long> preparing = going.stream()
                .filter(each -> each.state() == MigrationState.PREPARING)
                .map(MigrationRecord::id)
                .toList();
        int places = Math.max(0, AT_A_TIME - (going.size() - preparing.size()));
        return new TreeSet<>(preparing.subList(Math.min(places, preparing.size()), preparing.size()));
    }
}
