package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads a directory as it lies there, of a store that was closed, killed or is from before there was a journal. Each log's segments
 * first, as far as they count, then what the journal holds beyond them. Writes nothing.
 */
final class Inspector implements JournalReader.Visitor {

    private static final RegionId NO_REGION = RegionId.of(0);

    private final Layout layout;
    private final WalInspection inspection;
    private final JournalFate fate = new JournalFate();
    private final Map<LogId, List<Commit.Entry>> journaled = new HashMap<>();
    private final Map<LogId, List<Layout.SegmentFile>> found = new TreeMap<>();
    private final Map<LogId, Manifest.Entry> promised = new TreeMap<>();

    Inspector(Path directory, WalInspection inspection) {
        this.layout = new Layout(directory);
        this.inspection = inspection;
    }

    void run() {
        try {
            Disk.shielded(() -> {
                inspect();
                return true;
            });
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, layout.root() + " can't be read: " + e, e);
        }
    }

    private void inspect() throws IOException {
        Manifest manifest = manifest();
        List<Layout.SegmentFile> segments = layout.segments();
        RegionId own = manifest == null ? ownRegion(segments) : manifest.region();
        for (Layout.SegmentFile file : segments) {
            found.computeIfAbsent(file.log(own), log -> new ArrayList<>()).add(file);
        }
        if (manifest != null) {
            manifest.logs().forEach(entry -> promised.put(entry.log(), entry));
            journal(manifest);
        }
        TreeSet<LogId> logs = new TreeSet<>(found.keySet());
        logs.addAll(promised.keySet());
        logs.addAll(journaled.keySet());
        for (LogId log : logs) {
            inspect(log, own, manifest != null && manifest.clean());
        }
    }

    private @Nullable Manifest manifest() throws IOException {
        try {
            Manifest manifest = Manifest.read(layout);
            if (manifest == null) {
                for (long number : layout.journalFiles()) {
                    Path file = layout.journalFile(number);
                    if (Recovery.holdsCommits(file)) {
                        inspection.damage(
                                layout.name(layout.manifest()), 0, "the manifest of " + layout.name(file), "no file");
                        break;
                    }
                }
            }
            return manifest;
        } catch (TidalException e) {
            inspection.damage(layout.name(layout.manifest()), 0, "a valid manifest", String.valueOf(e.getMessage()));
            return null;
        }
    }

    /** Without a manifest, the region that the first readable batch in the node's own place names. */
    private static RegionId ownRegion(List<Layout.SegmentFile> segments) throws IOException {
        for (Layout.SegmentFile file : segments) {
            ByteBuffer header = ByteBuffer.allocate(WalBatch.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
                Disk.read(channel, header, 0);
            }
            if (file.region() == null && !header.hasRemaining()) {
                try {
                    WalBatch.checkHeader(header, 0);
                    return RegionId.of(Short.toUnsignedInt(header.getShort(60)));
                } catch (TidalException e) {
                    // The next one may tell.
                }
            }
        }
        return NO_REGION;
    }

    private void journal(Manifest manifest) throws IOException {
        for (long number : layout.journalFiles()) {
            if (Long.compareUnsigned(number, manifest.replayFile()) >= 0) {
                Path file = layout.journalFile(number);
                inspection.file(layout.name(file), Files.size(file));
            }
        }
        if (manifest.clean()) {
            report(EndMark.check(layout, manifest));
            return;
        }
        Path first = layout.journalFile(manifest.replayFile());
        if (!Files.exists(first)) {
            inspection.damage(layout.name(first), 0, "the journal from commit " + manifest.firstCommit(), "no file");
            return;
        }
        JournalReader.read(layout, manifest.replayFile(), manifest.firstCommit(), this);
    }

    private void report(@Nullable Damage damage) {
        if (damage != null) {
            inspection.damage(damage.file(), damage.offset(), damage.expected(), damage.actual());
        }
    }

    @Override
    public void commit(Commit commit) {
        fate.commit(commit);
        boolean told = false;
        for (int i = 0; i < commit.entries().size(); i++) {
            Commit.Entry entry = commit.entries().get(i);
            report(entry.damage());
            told |= entry.damage() != null;
            List<Commit.Entry> frames = journaled.computeIfAbsent(entry.log(), log -> new ArrayList<>());
            if (fate.isVoid(entry.log(), commit.number(), i)) {
                frames.clear();
            } else {
                frames.add(entry);
            }
        }
        if (!told || commit.lostFrames()) {
            report(commit.damage());
        }
    }

    @Override
    public void tornTail(String file, long offset, long bytes) {
        inspection.tornTail(file, offset, bytes);
    }

    private void inspect(LogId log, RegionId own, boolean clean) throws IOException {
        Manifest.Entry entry = fate.isErased(log) ? null : promised.get(log);
        LogReading reading = new LogReading(layout, log, inspection, fate.base(log));
        List<Layout.SegmentFile> files = found.getOrDefault(log, List.of());
        if (entry != null) {
            report(entry.damage());
            reading.promised(entry, layout.directory(log, own), clean);
            if (clean) {
                reportUnlisted(entry, files);
            }
        } else if (!fate.isMentioned(log)) {
            reading.unknown(files);
        }
        reading.journaled(journaled.getOrDefault(log, List.of()));
    }

    private void reportUnlisted(Manifest.Entry entry, List<Layout.SegmentFile> files) throws IOException {
        for (Layout.SegmentFile file : files) {
            if (entry.segments().stream().noneMatch(s -> s.firstSeqno() == file.firstSeqno())) {
                inspection.damage(
                        layout.name(file.path()),
                        0,
                        "no such segment after a clean close",
                        Files.size(file.path()) + " bytes");
            }
        }
    }
}
