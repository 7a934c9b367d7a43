package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a directory back to what was promised. Segments count up to where the manifest says that they are durable; what lies above is
 * cut off and written again from the journal. Damage quarantines its log and touches no file of it.
 */
final class Recovery implements JournalReader.Visitor {

    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final Layout layout;
    private final RegionId region;
    private final SegmentFiles files;
    private final Limits limits;
    private final Map<LogId, FileLog> logs = new TreeMap<>();
    private final JournalFate fate = new JournalFate();
    private final Parking parking;
    // Logs of which a lost part of the journal may have held the end.
    private final Map<LogId, Damage> doubtful = new HashMap<>();
    private @Nullable Commit lossy;

    Recovery(Layout layout, RegionId region, SegmentFiles files, Limits limits) {
        this.layout = layout;
        this.region = region;
        this.files = files;
        this.limits = limits;
        this.parking = new Parking(files);
    }

    Map<LogId, FileLog> run(@Nullable Manifest manifest) throws IOException {
        Map<LogId, List<Layout.SegmentFile>> found = new TreeMap<>();
        for (Layout.SegmentFile file : layout.segments()) {
            LogId log = file.log(region);
            if (layout.directory(log, region).equals(file.path().getParent())) {
                found.computeIfAbsent(log, l -> new ArrayList<>()).add(file);
            } else {
                LOG.warn("{} is not where the node's own region {} keeps it; it is left alone", file.path(), region);
            }
        }
        if (manifest == null) {
            refuseOrphanedJournal();
            found.forEach(this::adopt);
            return logs;
        }
        replay(manifest, found);
        return logs;
    }

    private void replay(Manifest manifest, Map<LogId, List<Layout.SegmentFile>> found) throws IOException {
        if (!manifest.region().equals(region)) {
            throw new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    layout.root() + " was written by a node of region " + manifest.region() + ": expected " + region);
        }
        boolean replayed = !manifest.clean();
        if (replayed) {
            if (!Files.exists(layout.journalFile(manifest.replayFile()))) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        layout.name(layout.journalFile(manifest.replayFile()))
                                + " is missing: expected the journal that began there, found no file;"
                                + " restore the directory from a copy, or rejoin the node empty");
            }
            read(manifest, fate);
        } else {
            Damage damage = EndMark.check(layout, manifest);
            if (damage != null) {
                LOG.warn(
                        "{} at offset {}: expected {}, found {}; nothing is lost, for the store was closed cleanly",
                        damage.file(),
                        damage.offset(),
                        damage.expected(),
                        damage.actual());
            }
        }
        for (Manifest.Entry entry : manifest.logs()) {
            restore(entry, found.getOrDefault(entry.log(), List.of()));
            found.remove(entry.log());
        }
        for (Map.Entry<LogId, List<Layout.SegmentFile>> unknown : found.entrySet()) {
            if (fate.isMentioned(unknown.getKey())) {
                deleteAll(unknown.getValue());
            } else {
                adopt(unknown.getKey(), unknown.getValue());
            }
        }
        if (replayed) {
            read(manifest, this);
            explainLoss(null);
            doubtful.forEach((log, damage) -> log(log).quarantine(damage, true));
            parking.flush();
        }
    }

    private void read(Manifest manifest, JournalReader.Visitor visitor) throws IOException {
        new JournalReader(layout, manifest.replayFile(), manifest.firstCommit(), visitor).run();
    }

    /** Without a manifest nobody knows what the journal's commits follow. Files that were only prewritten say nothing. */
    private void refuseOrphanedJournal() throws IOException {
        for (long number : layout.journalFiles()) {
            Path file = layout.journalFile(number);
            if (holdsCommits(file)) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        layout.name(layout.manifest()) + " is missing: expected the manifest of " + layout.name(file)
                                + ", found no file; restore the directory from a copy, or rejoin the node empty");
            }
        }
    }

    static boolean holdsCommits(Path journalFile) throws IOException {
        try (FileChannel channel = FileChannel.open(journalFile, StandardOpenOption.READ)) {
            ByteBuffer block = ByteBuffer.allocate(CommitHeader.BLOCK_BYTES);
            Disk.read(channel, block, 0);
            return block.getLong(0) != 0;
        }
    }

    private FileLog log(LogId id) {
        return logs.computeIfAbsent(id, log -> new FileLog(log, files));
    }

    private void deleteAll(List<Layout.SegmentFile> unwanted) throws IOException {
        for (Layout.SegmentFile file : unwanted) {
            files.delete(file.path());
        }
    }

    private void restore(Manifest.Entry entry, List<Layout.SegmentFile> found) throws IOException {
        if (fate.isErased(entry.log())) {
            deleteAll(found);
            Parking.delete(files, entry.log());
            return;
        }
        List<Segment> segments = kept(entry);
        long first = entry.firstSeqno();
        if (segments.isEmpty()) {
            first = entry.lastSeqno() + 1;
        } else if (Long.compareUnsigned(first, segments.get(0).firstSeqno()) < 0) {
            first = segments.get(0).firstSeqno();
        }
        FileLog log = log(entry.log());
        log.adopt(first, entry.baseChain(), entry.lastSeqno(), segments);
        if (entry.damage() != null) {
            log.quarantine(entry.damage(), true);
        }
        for (Segment segment : segments) {
            Damage damage = checkStructure(log.id(), segment);
            if (damage != null) {
                log.quarantine(damage, false);
            }
        }
        if (log.damage() == null) {
            removeUnpromised(log, found);
        } else {
            LOG.error("{}", log.damage().exception(log.id()).getMessage());
        }
    }

    /** Returns the segments that the journal doesn't order to be dropped; files of those may be gone already. */
    private List<Segment> kept(Manifest.Entry entry) {
        Path directory = files.directory(entry.log());
        long base = fate.base(entry.log());
        List<Segment> kept = new ArrayList<>();
        for (int i = 0; i < entry.segments().size(); i++) {
            Manifest.Extent extent = entry.segments().get(i);
            long next = i + 1 < entry.segments().size()
                    ? entry.segments().get(i + 1).firstSeqno()
                    : entry.lastSeqno() + 1;
            if (Long.compareUnsigned(next, base) > 0) {
                String name = Layout.segmentName(entry.log().origin().shard(), extent.firstSeqno());
                kept.add(new Segment(directory.resolve(name), extent.firstSeqno(), extent.bytes()));
            }
        }
        return kept;
    }

    private @Nullable Damage checkStructure(LogId log, Segment segment) throws IOException {
        String name = files.name(segment);
        if (!Files.exists(segment.path())) {
            return new Damage(name, 0, segment.bytes() + " bytes", "no file");
        }
        long size = Files.size(segment.path());
        if (size < segment.bytes()) {
            return new Damage(name, size, segment.bytes() + " bytes", size + " bytes");
        }
        if (segment.bytes() < WalBatch.HEADER_BYTES) {
            return null;
        }
        ByteBuffer header = files.read(segment, 0, WalBatch.HEADER_BYTES);
        return BatchIdentity.check(log, segment.firstSeqno(), header, name);
    }

    private void removeUnpromised(FileLog log, List<Layout.SegmentFile> found) throws IOException {
        Set<Path> listed = new HashSet<>();
        for (Segment segment : log.segments()) {
            listed.add(segment.path());
            if (Files.size(segment.path()) > segment.bytes()) {
                files.cut(segment.path(), segment.bytes());
            }
        }
        for (Layout.SegmentFile file : found) {
            if (!listed.contains(file.path())) {
                files.delete(file.path());
            }
        }
    }

    /** Takes over a log that no manifest knows, as every log of version 1 is: an incomplete last batch is torn, else all must be right. */
    private void adopt(LogId id, List<Layout.SegmentFile> found) {
        FileLog log = log(id);
        try {
            new Adoption(log, files).run(found);
        } catch (IOException e) {
            String name = layout.name(found.get(0).path());
            log.quarantine(new Damage(name, 0, "a readable file", String.valueOf(e.getMessage())), false);
        }
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
        for (FileLog log : logs.values()) {
            if (log.syncedBytes() >= limits.tailBytes()) {
                log.writeOut();
            }
        }
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
