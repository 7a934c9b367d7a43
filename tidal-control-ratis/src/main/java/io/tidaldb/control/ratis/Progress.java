package io.tidaldb.control.ratis;

import io.tidaldb.api.control.ControlSnapshot;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.ratis.server.protocol.TermIndex;

/**
 * How far the Raft log is applied: the number of commands so far, and of each session the newest sequence. Raft's own indexes have gaps
 * between commands, so commands are counted here; the count follows from the log alone and is the same on every member.
 *
 * <p>A proposal whose sequence is not above its session's newest is left out: it is a copy of one that was applied, or was overtaken.
 * Either way no copy of it is ever applied from then on, which is what makes it safe to send a proposal again, or under a new sequence.
 *
 * <p>Guarded by its own lock.
 */
final class Progress {

    /** How many sessions are known; whoever proposed longest ago is forgotten. A member has one until it is opened again. */
    static final int MAX_SESSIONS = 64;

    /** How many commands a snapshot may lag behind. */
    private static final int MAX_TAIL = 1 << 16;

    /** Where a command lies, and what its application changed. */
    private record Step(TermIndex place, UUID session, long sequence) {}

    /** A snapshot and where in the Raft log it belongs. */
    record Placed(TermIndex place, StoredSnapshot stored) {}

    private final Map<UUID, Long> sessions = new LinkedHashMap<>();
    private final Map<UUID, Long> sessionsAtBase = new LinkedHashMap<>();
    /** The steps from base + 1 to count. */
    private final Deque<Step> tail = new ArrayDeque<>();

    private long base;
    private long count;

    /** Returns the number of commands applied. */
    synchronized long count() {
        return count;
    }

    /** Returns the index of a command, or 0 if it is to be left out. */
    synchronized long apply(TermIndex place, Proposal proposal) {
        Long newest = sessions.get(proposal.session());
        if (newest != null && proposal.sequence() <= newest) {
            return 0;
        }
        note(sessions, proposal.session(), proposal.sequence());
        tail.addLast(new Step(place, proposal.session(), proposal.sequence()));
        if (tail.size() > MAX_TAIL) {
            fold(tail.removeFirst());
        }
        return ++count;
    }

    /** Begins anew from a snapshot. */
    synchronized void reset(StoredSnapshot snapshot) {
        tail.clear();
        sessions.clear();
        sessions.putAll(snapshot.sessions());
        sessionsAtBase.clear();
        sessionsAtBase.putAll(snapshot.sessions());
        base = snapshot.snapshot().index();
        count = base;
    }

    /** Returns the snapshot with what belongs to it; empty if it is not newer than the one before, or too far behind. */
    synchronized Optional<Placed> place(ControlSnapshot snapshot) {
        if (snapshot.index() <= base) {
            return Optional.empty();
        }
        TermIndex place = TermIndex.INITIAL_VALUE;
        while (base < snapshot.index()) {
            Step step = tail.removeFirst();
            fold(step);
            place = step.place();
        }
        return Optional.of(new Placed(place, new StoredSnapshot(snapshot, new LinkedHashMap<>(sessionsAtBase))));
    }

    /** Returns the newest sequence applied of a session; 0 if there is none. */
    synchronized long newest(UUID session) {
        return sessions.getOrDefault(session, 0L);
    }

    private void fold(Step step) {
        note(sessionsAtBase, step.session(), step.sequence());
        base++;
    }

    private static void note(Map<UUID, Long> sessions, UUID session, long sequence) {
        sessions.remove(session);
        sessions.put(session, sequence);
        if (sessions.size() > MAX_SESSIONS) {
            Map.Entry<UUID, Long> eldest = sessions.entrySet().iterator().next();
            sessions.remove(eldest.getKey());
        }
    }
}
