package io.tidaldb.server.auth;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.audit.Actor;
import io.tidaldb.core.audit.AuditChange;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.core.audit.AuditJournal;
import io.tidaldb.core.audit.AuditPage;
import io.tidaldb.core.audit.AuditTrail;
import io.tidaldb.core.audit.Provenance;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one node was asked for by operators, and whom it has refused: a chain of entries like the cluster's audit log, in files of this node.
 *
 * <p>Nobody can fill the disk with it. Of each kind of attempt the first in a minute is written at once, and after the minute how many there
 * were; beyond {@link #MAX_UNKNOWN} kinds by strangers, and {@link #MAX_KNOWN} by those who are known, only their number. The oldest files
 * go when there are more than {@link #MAX_FILES}. Guarded by its own lock; until it has a directory, entries are kept in memory.
 */
public final class AccessLog implements AutoCloseable {

    /** How many kinds of attempts by strangers are told apart in a minute. */
    public static final int MAX_UNKNOWN = 64;

    /** How many kinds of attempts by those who are known are told apart in a minute. */
    public static final int MAX_KNOWN = 512;

    /** How many files are kept, of about 8 MiB each. */
    public static final int MAX_FILES = 8;

    private static final Logger LOG = LoggerFactory.getLogger(AccessLog.class);
    private static final Duration WINDOW = Duration.ofMinutes(1);
    private static final Actor SEVERAL = new Actor("several", "several");

    private final InstantSource clock;
    private final AuditTrail trail = new AuditTrail();
    private final Map<Attempt, Tally> strangers = new LinkedHashMap<>();
    private final Map<Attempt, Tally> known = new LinkedHashMap<>();
    private final Tally others = new Tally();
    private @Nullable AuditJournal journal;
    private Instant begun = Instant.MIN;

    /** How often something was asked for that is not written yet. */
    private static final class Tally {
        long times;
        Instant last = Instant.EPOCH;
    }

    /** Creates a log that is in memory yet. */
    public AccessLog(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * Goes on from what is in a directory, created if missing, and keeps there what there is so far.
     *
     * @throws TidalException STORE_FAILED if it can't be read or written
     */
    public synchronized void keepIn(Path directory) {
        AuditJournal opened = AuditJournal.open(directory);
        AuditTrail early = new AuditTrail();
        early.replaceWith(trail);
        trail.restore(opened.newest().map(List::of).orElse(List.of()));
        trail.addAll(early);
        journal = opened;
        write();
    }

    /** Notes an attempt. */
    public synchronized void note(Attempt attempt) {
        Instant now = clock.instant();
        rollIfDue(now);
        Map<Attempt, Tally> kinds = attempt.known() ? known : strangers;
        Tally tally = kinds.get(attempt);
        if (tally == null && kinds.size() < (attempt.known() ? MAX_KNOWN : MAX_UNKNOWN)) {
            kinds.put(attempt, new Tally());
            add(attempt, now, null);
            write();
            return;
        }
        Tally counted = tally == null ? others : tally;
        counted.times++;
        counted.last = now;
    }

    private void rollIfDue(Instant now) {
        if (!begun.equals(Instant.MIN) && now.isBefore(begun.plus(WINDOW)) && !now.isBefore(begun)) {
            return;
        }
        roll();
        begun = now;
    }

    /** Writes what was counted only. */
    private void roll() {
        strangers.forEach(this::addRepeated);
        known.forEach(this::addRepeated);
        strangers.clear();
        known.clear();
        if (others.times > 0) {
            addRepeated(new Attempt(SEVERAL, false, "others", null, null, "SEVERAL", null), others);
            others.times = 0;
        }
        write();
    }

    private void addRepeated(Attempt attempt, Tally tally) {
        if (tally.times > 0) {
            add(attempt, tally.last, tally);
        }
    }

    private void add(Attempt attempt, Instant at, @Nullable Tally repeated) {
        ObjectNode times =
                repeated == null ? null : JsonNodeFactory.instance.objectNode().put("more_times", repeated.times);
        AuditChange shown = AuditChange.of(null, times);
        trail.add(
                0,
                new Provenance(attempt.actor(), at.toEpochMilli()),
                attempt.command(),
                attempt.tenant(),
                attempt.about(),
                new AuditChange(null, shown.after(), attempt.refused(), attempt.reason()));
    }

    private void write() {
        AuditJournal to = journal;
        if (to == null) {
            return;
        }
        try {
            to.append(trail);
            to.sync();
            to.keep(MAX_FILES);
        } catch (TidalException e) {
            LOG.error("what was refused is not on disk: {}", e.getMessage());
        }
    }

    /**
     * Returns a part of it, of the newest entries only while it is in memory.
     *
     * @param from number of the first entry wanted
     */
    public AuditPage read(long from, int limit) {
        AuditJournal kept;
        AuditTrail now = new AuditTrail();
        synchronized (this) {
            roll();
            begun = clock.instant();
            kept = journal;
            now.replaceWith(trail);
        }
        List<AuditEntry> found =
                kept == null ? now.after(from - 1).stream().limit(limit).toList() : kept.read(from, limit, null);
        long next = found.isEmpty()
                ? Math.max(from, now.count() + 1)
                : found.get(found.size() - 1).number() + 1;
        return new AuditPage(found, next, now.count(), now.head());
    }

    @Override
    public synchronized void close() {
        roll();
        if (journal != null) {
            journal.close();
        }
    }
}
