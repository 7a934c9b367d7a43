package io.tidaldb.wal.file;

import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes over segments that no manifest knows, by reading all of them. */
final class Adoption implements SegmentScan.Visitor {

    private static final Logger LOG = LoggerFactory.getLogger(Adoption.class);

    private final FileLog log;
    private final SegmentFiles files;
    private final List<Segment> segments = new ArrayList<>();
    private long next;
    private String name = "";
    private @Nullable Damage damage;

    Adoption(FileLog log, SegmentFiles files) {
        this.log = log;
        this.files = files;
    }

    void run(List<Layout.SegmentFile> found) throws IOException {
        next = found.get(0).firstSeqno();
        for (int i = 0; i < found.size(); i++) {
            take(found.get(i), i == found.size() - 1);
        }
        log.adopt(found.get(0).firstSeqno(), 0, next - 1, segments);
        if (damage != null) {
            log.quarantine(damage, false);
            LOG.error("{}", damage.exception(log.id()).getMessage());
        }
    }

    private void take(Layout.SegmentFile file, boolean last) throws IOException {
        long bytes = Files.size(file.path());
        name = files.layout().name(file.path());
        if (damage == null && file.firstSeqno() != next) {
            damage = new Damage(name, 0, "a segment from seqno " + next, "one from " + file.firstSeqno());
        }
        long whole = bytes;
        if (damage == null) {
            try (SegmentScan scan = new SegmentScan(file.path(), bytes)) {
                whole = scan.run(this);
            }
        }
        if (whole < bytes && !last && damage == null) {
            damage = new Damage(name, whole, "a whole batch", (bytes - whole) + " bytes of one");
        }
        if (whole < bytes && damage == null) {
            LOG.warn("{} has a torn tail of {} bytes at offset {}: cut off", name, bytes - whole, whole);
            files.cut(file.path(), whole);
            bytes = whole;
        }
        segments.add(new Segment(file.path(), file.firstSeqno(), bytes));
    }

    @Override
    public boolean batch(long offset, WalBatch batch) {
        damage = BatchIdentity.check(log.id(), next, batch, name, offset);
        next = batch.lastSeqno() + 1;
        return damage == null;
    }

    @Override
    public boolean damage(long offset, String expected, String actual) {
        damage = new Damage(name, offset, expected, actual);
        return false;
    }
}
