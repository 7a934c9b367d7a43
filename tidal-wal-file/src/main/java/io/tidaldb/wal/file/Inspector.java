package io.tidaldb.wal.file;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a directory as it lies there, of a store that is in use, was closed, killed or is from before there was a journal. Each log's
 * segments first, as far as they count, then what the journal holds beyond them. Writes nothing and locks nothing.
 *
 * <p>Of a directory in use, each log is told up to some moment after the reading began, or less if it is truncated or deleted
 * meanwhile. {@link DirectoryView} says when what looks like damage is damage.
 */
final class Inspector implements LogReading.Visitor {

    private final Layout layout;
    private final WalInspection inspection;
    // A file or a damage may be met again when the directory has to be viewed anew.
    private final Set<String> toldFiles = new HashSet<>();
    private final Set<Damage> toldDamages = new HashSet<>();
    private DirectoryView view;

    private Inspector(Layout layout, WalInspection inspection) throws IOException {
        this.layout = layout;
        this.inspection = inspection;
        this.view = DirectoryView.of(layout);
    }

    static void inspect(Layout layout, WalInspection inspection) {
        try {
            Disk.shielded(() -> {
                new Inspector(layout, inspection).run();
                return true;
            });
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, layout.root() + " can't be read: " + e, e);
        }
    }

    private void run() throws IOException {
        tellView();
        view.tornTails().forEach(tail -> tornTail(tail.file(), tail.offset(), tail.bytes()));
        for (LogId log : view.logs()) {
            LogReading reading = read(log);
            // Truncated, deleted or begun anew: what there is of it now is told, unless something was told already.
            while (reading.isOvertaken() && !reading.hasTold()) {
                reading = read(log);
            }
        }
    }

    private void tellView() {
        view.files().forEach(this::file);
        view.damages().forEach(this::damage);
    }

    private LogReading read(LogId log) throws IOException {
        DirectoryView read = view;
        LogReading reading = new LogReading(layout, log, read.base(log), this);
        Manifest.Entry entry = read.entry(log);
        if (entry != null) {
            if (entry.damage() != null) {
                damage(entry.damage());
            }
            reading.promised(entry, read);
            if (read.isClean()) {
                reportUnlisted(entry, read);
            }
        } else if (read.isUnknown(log)) {
            reading.unknown(read);
        }
        reading.journaled(read.frames(log));
        return reading;
    }

    private void reportUnlisted(Manifest.Entry entry, DirectoryView read) throws IOException {
        for (Layout.SegmentFile file : read.segments(entry.log())) {
            if (entry.segments().stream().noneMatch(s -> s.firstSeqno() == file.firstSeqno())) {
                long size;
                try {
                    size = Files.size(file.path());
                } catch (NoSuchFileException e) {
                    continue;
                }
                if (holds(read, entry.log(), null)) {
                    String name = layout.name(file.path());
                    damage(new Damage(name, 0, "no such segment after a clean close", size + " bytes"));
                }
            }
        }
    }

    @Override
    public void file(String file, long bytes) {
        if (toldFiles.add(file)) {
            inspection.file(file, bytes);
        }
    }

    @Override
    public void batch(LogId log, String file, long offset, WalBatch batch) {
        inspection.batch(log, file, offset, batch);
    }

    @Override
    public void tornTail(String file, long offset, long bytes) {
        inspection.tornTail(file, offset, bytes);
    }

    @Override
    public void damage(Damage damage) {
        if (toldDamages.add(damage)) {
            inspection.damage(damage.file(), damage.offset(), damage.expected(), damage.actual());
        }
    }

    @Override
    public boolean holds(DirectoryView read, LogId log, Manifest.@Nullable Extent extent) throws IOException {
        if (!view.isCurrent(log)) {
            view = DirectoryView.of(layout);
            tellView();
        }
        return view == read || extent != null && view.promises(log, extent);
    }
}
