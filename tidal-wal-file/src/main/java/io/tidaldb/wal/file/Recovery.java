package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a directory back to what was promised. Segments count up to where the manifest says that they are durable; what lies above is
 * cut off and written again from the journal. Damage quarantines its log and touches no file of it.
 */
final class Recovery {

    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final Layout layout;
    private final RegionId region;
    private final SegmentFiles files;
    private final Limits limits;
    private final Map<LogId, FileLog> logs = new TreeMap<>();
    private final JournalFate fate = new JournalFate();

    Recovery(Layout layout, RegionId region, SegmentFiles files, Limits limits) {
        this.layout = layout;
        this.region = region;
        this.files = files;
        this.limits = limits;
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
        restore(manifest, found);
        return logs;
    }

    private void restore(Manifest manifest, Map<LogId, List<Layout.SegmentFile>> found) throws IOException {
        if (!manifest.region().equals(region)) {
            throw new TidalException(
                    ErrorCode.DIRECTORY_MISMATCH,
                    layout.root() + " was written by a node of region " + manifest.region() + ": expected " + region);
        }
        boolean replayed = !manifest.clean();
        JournalReader.Place begin = new JournalReader.Place(manifest.replayFile(), 0, manifest.firstCommit());
        if (replayed) {
            if (!Files.exists(layout.journalFile(manifest.replayFile()))) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        layout.name(layout.journalFile(manifest.replayFile()))
                                + " is missing: expected the journal that began there, found no file;"
                                + " restore the directory from a copy, or rejoin the node empty");
            }
            JournalReader.read(layout, begin, fate);
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
            Replay replay = new Replay(files, limits, fate, logs);
            JournalReader.read(layout, begin, replay);
            replay.end();
        }
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
            if (Long.compareUnsigned(entry.end(i), base) > 0) {
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
}
