package io.tidaldb.wal.file;

import io.tidaldb.api.Seqno;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Obeys the journal, commit by commit, on top of what segments hold durably. Damage quarantines the logs that it concerns, or may
 * concern; their frames are put aside.
 */
final class Replay implements JournalReader.Visitor {

    private static final Logger LOG = LoggerFactory.getLogger(Replay.class);

    private final SegmentFiles files;
    private final Limits limits;
    private final JournalFate fate;
    private final Map<LogId, FileLog> logs;
    private final Parking parking;
    // Logs of which a lost part of the journal may have held the end.
    private final Map<LogId, Damage> doubtful = new HashMap<>();
    // Logs with so much in memory that it is written after the commit.
    private final Set<FileLog> full = new LinkedHashSet<>();
    private @Nullable Commit lossy;

    Replay(SegmentFiles files, Limits limits, JournalFate fate, Map<LogId, FileLog> logs) {
        this.files = files;
        this.limits = limits;
        this.fate = fate;
        this.logs = logs;
        this.parking = new Parking(files);
    }

    @Override
    public void tornTail(String file, long offset, long bytes) {
        LOG.warn(
                "{} has a torn tail of {} bytes at offset {}: what is whole of it is kept, the rest was never acknowledged",
                file,
                bytes,
                offset);
    }

    @Override
    public void commit(Commit commit) throws IOException {
        explainLoss(commit.previous());
        if (commit.damage() != null) {
            LOG.error(
                    "commit {} in {} at offset {} is damaged: expected {}, found {}",
                    commit.number(),
                    commit.file(),
                    commit.offset(),
                    commit.damage().expected(),
                    commit.damage().actual());
        }
        for (int i = 0; i < commit.entries().size(); i++) {
            Commit.Entry entry = commit.entries().get(i);
            if (!fate.isVoid(entry.log(), commit.number(), i)) {
                obey(entry, commit.number());
            }
        }
        if (commit.lostFrames() && commit.damage() != null) {
            lossy = commit;
        }
        for (FileLog log : full) {
            files.writeOut(log);
        }
        full.clear();
    }

    /** Says what cannot be known any more, and puts aside what is kept of quarantined logs. */
    void end() throws IOException {
        explainLoss(null);
        doubtful.forEach((log, damage) -> log(log).quarantine(damage, true));
        parking.flush();
    }

    private FileLog log(LogId id) {
        return logs.computeIfAbsent(id, log -> new FileLog(log, files));
    }

    /** Frames of the commit before were lost: its summary tells whose. Without one, it may have been anybody's. */
    private void explainLoss(@Nullable CommitSummary summary) {
        Commit lost = lossy;
        lossy = null;
        if (lost == null || lost.damage() == null) {
            return;
        }
        if (summary == null || summary.number() != lost.number()) {
            for (LogId id : logs.keySet()) {
                doubtful.putIfAbsent(id, lost.damage());
            }
            return;
        }
        for (Map.Entry<LogId, Long> end : summary.lastSeqnos().entrySet()) {
            FileLog log = logs.get(end.getKey());
            boolean reached = end.getValue() != 0
                    ? log != null && Long.compareUnsigned(log.lastSeqno(), end.getValue()) >= 0
                    : lost.entries().stream()
                            .anyMatch(e -> e.log().equals(end.getKey())
                                    && e.frame() != null
                                    && e.frame().type() != Frame.Type.BATCH);
            if (!reached && !fate.isVoid(end.getKey(), lost.number(), 0)) {
                log(end.getKey()).quarantine(lost.damage(), true);
            }
        }
    }

    private void obey(Commit.Entry entry, long commit) throws IOException {
        Frame frame = entry.frame();
        if (frame == null) {
            quarantine(entry, Objects.requireNonNull(entry.damage()));
            return;
        }
        FileLog log = log(entry.log());
        switch (frame.type()) {
            case BATCH -> append(log, frame, entry, commit);
            case BASE -> rebase(log, frame);
            case ERASED, SUMMARY -> throw new IllegalStateException(frame.type() + " is no entry to be obeyed");
        }
    }

    /** A damaged frame whose own header is gone only says the origin: every holder's log of it is concerned. */
    private void quarantine(Commit.Entry entry, Damage damage) {
        boolean found = false;
        for (FileLog log : logs.values()) {
            LogId id = log.id();
            if (!entry.holderKnown()
                    && id.tenant().equals(entry.log().tenant())
                    && id.origin().equals(entry.log().origin())) {
                log.quarantine(damage, true);
                found = true;
            }
        }
        if (!found) {
            log(entry.log()).quarantine(damage, true);
        }
    }

    private void append(FileLog log, Frame frame, Commit.Entry entry, long commit) throws IOException {
        WalBatch batch = WalBatch.of(ByteBuffer.wrap(frame.body()).order(ByteOrder.LITTLE_ENDIAN), 0);
        if (log.damage() == null && batch.firstSeqno() != log.lastSeqno() + 1) {
            log.quarantine(
                    new Damage(
                            entry.file(),
                            entry.offset(),
                            "seqno " + Seqno.print(log.lastSeqno() + 1) + " of log " + log.id(),
                            Seqno.print(batch.firstSeqno())),
                    true);
        }
        if (log.damage() != null) {
            log.quarantine(log.damage(), true);
            parking.add(frame, commit);
            return;
        }
        doubtful.remove(log.id());
        log.append(batch.firstSeqno(), batch.count(), frame.body());
        log.markSynced();
        if (log.syncedBytes() >= limits.tailBytes()) {
            full.add(log);
        }
    }

    private void rebase(FileLog log, Frame frame) throws IOException {
        if (log.isEmpty() || Long.compareUnsigned(frame.seqno(), log.lastSeqno() + 1) > 0) {
            log.restart(frame.seqno(), frame.chain());
            return;
        }
        for (Segment segment : log.dropBefore(frame.seqno(), frame.chain())) {
            files.delete(segment.path());
        }
    }
}
