package io.tidaldb.wal.file;

import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a directory says of its logs: the manifest, the names of segments, and the journal from there on.
 *
 * <p>Somebody may be writing. The directory is right at each moment, as a kill could be at each, but reading takes longer than one. What
 * the manifest and the journal order holds until they order something else, and no file is touched that they still need: so what
 * contradicts them is damage if they say the same after it was seen as before, and else only shows that time has passed.
 */
final class DirectoryView implements JournalReader.Visitor {

    private static final RegionId NO_REGION = RegionId.of(0);

    /** Where a commit was left unfinished. */
    record TornTail(String file, long offset, long bytes) {}

    private final Layout layout;
    private final byte[] manifestHeader;
    private final Map<LogId, List<Commit.Entry>> journaled = new HashMap<>();
    private final Map<LogId, List<Layout.SegmentFile>> found = new TreeMap<>();
    private final Map<LogId, Manifest.Entry> promised = new TreeMap<>();
    private final JournalFate fate = new JournalFate();
    private final Map<String, Long> files = new LinkedHashMap<>();
    private final List<Damage> damages = new ArrayList<>();
    private final List<TornTail> tornTails = new ArrayList<>();
    private final @Nullable Manifest manifest;
    private final RegionId own;
    // What the journal has said since, up to its end at that time.
    private final JournalFate since = new JournalFate();
    private JournalReader.@Nullable Place journalEnd;

    private DirectoryView(Layout layout) throws IOException {
        this.layout = layout;
        this.manifestHeader = Manifest.header(layout);
        this.manifest = manifest();
        List<Layout.SegmentFile> segments = layout.segments();
        this.own = manifest == null ? ownRegion(segments) : manifest.region();
        for (Layout.SegmentFile file : segments) {
            found.computeIfAbsent(file.log(own), log -> new ArrayList<>()).add(file);
        }
        if (manifest != null) {
            manifest.logs().forEach(entry -> promised.put(entry.log(), entry));
            journal(manifest);
        }
    }

    /** Reads a directory, and again if a checkpoint was published meanwhile: files of the journal before it may be used again. */
    static DirectoryView of(Layout layout) throws IOException {
        DirectoryView view = new DirectoryView(layout);
        while (!view.isManifestCurrent()) {
            view = new DirectoryView(layout);
        }
        return view;
    }

    private @Nullable Manifest manifest() throws IOException {
        try {
            Manifest read = Manifest.read(layout);
            if (read == null) {
                for (long number : layout.journalFiles()) {
                    Path file = layout.journalFile(number);
                    if (holdsCommits(file)) {
                        damages.add(new Damage(
                                layout.name(layout.manifest()), 0, "the manifest of " + layout.name(file), "no file"));
                        break;
                    }
                }
            }
            return read;
        } catch (TidalException e) {
            damages.add(
                    new Damage(layout.name(layout.manifest()), 0, "a valid manifest", String.valueOf(e.getMessage())));
            return null;
        }
    }

    private static boolean holdsCommits(Path journalFile) throws IOException {
        try {
            return Recovery.holdsCommits(journalFile);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Without a manifest, the region that the first readable batch in the node's own place names. */
    private static RegionId ownRegion(List<Layout.SegmentFile> segments) throws IOException {
        for (Layout.SegmentFile file : segments) {
            ByteBuffer header = ByteBuffer.allocate(WalBatch.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
                Disk.read(channel, header, 0);
            } catch (NoSuchFileException e) {
                continue;
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
                try {
                    files.put(layout.name(file), Files.size(file));
                } catch (NoSuchFileException e) {
                    // The next one, which is made ready anew.
                }
            }
        }
        if (manifest.clean()) {
            note(EndMark.check(layout, manifest));
            return;
        }
        JournalReader.Place first = new JournalReader.Place(manifest.replayFile(), 0, manifest.firstCommit());
        try {
            journalEnd = JournalReader.read(layout, first, this);
        } catch (NoSuchFileException e) {
            String name = layout.name(layout.journalFile(first.file()));
            note(new Damage(name, 0, "the journal from commit " + first.number(), "no file"));
        }
    }

    private void note(@Nullable Damage damage) {
        if (damage != null) {
            damages.add(damage);
        }
    }

    @Override
    public void commit(Commit commit) {
        fate.commit(commit);
        boolean told = false;
        for (int i = 0; i < commit.entries().size(); i++) {
            Commit.Entry entry = commit.entries().get(i);
            note(entry.damage());
            told |= entry.damage() != null;
            List<Commit.Entry> frames = journaled.computeIfAbsent(entry.log(), log -> new ArrayList<>());
            if (fate.isVoid(entry.log(), commit.number(), i)) {
                frames.clear();
            } else {
                frames.add(entry);
            }
        }
        if (!told || commit.lostFrames()) {
            note(commit.damage());
        }
    }

    @Override
    public void tornTail(String file, long offset, long bytes) {
        tornTails.add(new TornTail(file, offset, bytes));
    }

    /** Returns whether nothing has changed of what this view says of a log, but for what was appended. */
    boolean isCurrent(LogId log) throws IOException {
        JournalReader.Place end = journalEnd;
        if (end != null) {
            try {
                journalEnd = JournalReader.read(layout, end, since);
            } catch (NoSuchFileException e) {
                return false;
            }
        }
        boolean sameOrders = !since.isErased(log) && since.base(log) == 0;
        boolean sameOwner = !since.isMentioned(log) || fate.isMentioned(log) || promised.containsKey(log);
        // Last, for a journal that is used again was read above as if it were still this one.
        return sameOrders && sameOwner && isManifestCurrent();
    }

    private boolean isManifestCurrent() throws IOException {
        return Arrays.equals(manifestHeader, Manifest.header(layout));
    }

    /** Returns whether a log's segment still has to be there, with at least as many bytes. */
    boolean promises(LogId log, Manifest.Extent extent) {
        Manifest.Entry entry = entry(log);
        if (entry == null) {
            return false;
        }
        for (int i = 0; i < entry.segments().size(); i++) {
            Manifest.Extent each = entry.segments().get(i);
            if (each.firstSeqno() == extent.firstSeqno()) {
                return each.bytes() >= extent.bytes() && Long.compareUnsigned(entry.end(i), fate.base(log)) > 0;
            }
        }
        return false;
    }

    Set<LogId> logs() {
        Set<LogId> logs = new TreeSet<>(found.keySet());
        logs.addAll(promised.keySet());
        logs.addAll(journaled.keySet());
        return logs;
    }

    /** Returns what the manifest says of a log, unless it has been deleted since. */
    Manifest.@Nullable Entry entry(LogId log) {
        return fate.isErased(log) ? null : promised.get(log);
    }

    /** Returns whether neither manifest nor journal have ever heard of a log. */
    boolean isUnknown(LogId log) {
        return !promised.containsKey(log) && !fate.isMentioned(log);
    }

    /** Returns the first seqno that is kept by the journal's order, or 0 if it gives none. */
    long base(LogId log) {
        return fate.base(log);
    }

    /** Returns a log's segments by the names that were found. */
    List<Layout.SegmentFile> segments(LogId log) {
        return found.getOrDefault(log, List.of());
    }

    /** Returns what the journal holds of a log. */
    List<Commit.Entry> frames(LogId log) {
        return journaled.getOrDefault(log, List.of());
    }

    /** Returns whether the store was closed: then nothing may be there but what the manifest says. */
    boolean isClean() {
        return manifest != null && manifest.clean();
    }

    /** Returns the region of the node. */
    RegionId own() {
        return own;
    }

    /** Returns the journal's files with their sizes. */
    Map<String, Long> files() {
        return files;
    }

    /** Returns what is wrong with manifest and journal. */
    List<Damage> damages() {
        return damages;
    }

    List<TornTail> tornTails() {
        return tornTails;
    }
}
