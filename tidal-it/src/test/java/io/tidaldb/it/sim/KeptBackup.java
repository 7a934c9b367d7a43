package io.tidaldb.it.sim;

import io.tidaldb.api.Origin;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.BackupSource;
import io.tidaldb.core.backup.BackedUpLog;
import io.tidaldb.core.backup.BackupHead;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.core.backup.BackupReader;
import io.tidaldb.core.backup.BackupScan;
import io.tidaldb.core.backup.RestorePoint;
import io.tidaldb.core.codec.Chain;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Parts of a backup of one tenant, on nobody's machine, and to which moments it can be restored. */
final class KeptBackup implements BackupSource {

    private final byte[] bytes;
    private final BackupScan scan = new BackupScan(RestorePoint.NEWEST);

    /** Where batches end. */
    private final Set<BackedUpLog> ends = new HashSet<>();

    /**
     * What a tenant was when its logs were folded up to somewhere.
     *
     * @param at of each slot and origin; the chain is {@link Chain#START} where it is not known
     * @param state all that readers were answered, to the bit
     */
    record Moment(List<BackedUpLog> at, List<String> state) {}

    /** Reads the parts, which must be whole. */
    KeptBackup(List<byte[]> parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        parts.forEach(all::writeBytes);
        bytes = all.toByteArray();
        try (InputStream in = open()) {
            new BackupReader(name(), in).read(new Ends());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private final class Ends implements BackupReader.Visitor {

        @Override
        public void head(BackupHead head) {
            scan.head(head);
            if (head.after().equals(BackupPoint.NOTHING)) {
                ends.clear();
                ends.addAll(head.base().logs().logs());
                ends.addAll(head.base().merged().logs());
            }
        }

        @Override
        public void batch(int slot, WalBatch batch) {
            scan.batch(slot, batch);
            ends.add(new BackedUpLog(slot, batch.origin(), batch.lastSeqno(), batch.chain()));
            ends.add(new BackedUpLog(slot, batch.origin(), batch.lastSeqno(), Chain.START));
        }

        @Override
        public void base(int slot, byte[] content) {
            scan.base(slot, content);
        }

        @Override
        public void end(BackupPoint point) {
            scan.end(point);
        }
    }

    @Override
    public String name() {
        return "the simulation's backup";
    }

    @Override
    public InputStream open() {
        return new ByteArrayInputStream(bytes);
    }

    /** Returns how to restore a moment; empty if the backup does not hold it, or a position does not say it. */
    Optional<RestorePoint> point(Moment moment) {
        SortedMap<Origin, Long> seqnos = new TreeMap<>();
        for (BackedUpLog log : moment.at()) {
            boolean held = log.lastSeqno() == log.origin().startSeqno() || isHeld(log);
            Long other = seqnos.put(log.origin(), log.lastSeqno());
            if (!held || other != null && other != log.lastSeqno()) {
                return Optional.empty();
            }
        }
        List<BackedUpLog> later = new ArrayList<>(scan.reached().logs());
        later.addAll(scan.base().merged().logs());
        for (BackedUpLog log : later) {
            boolean named = moment.at().stream()
                    .anyMatch(each -> each.slot() == log.slot() && each.origin().equals(log.origin()));
            Long other = named ? null : seqnos.put(log.origin(), log.origin().startSeqno());
            if (other != null && other != log.origin().startSeqno()) {
                return Optional.empty();
            }
        }
        boolean afterBase = seqnos.entrySet().stream()
                .allMatch(each -> later.stream()
                        .filter(log -> log.origin().equals(each.getKey()))
                        .allMatch(log -> Long.compareUnsigned(first(log), each.getValue()) <= 0));
        return afterBase
                ? Optional.of(RestorePoint.after(seqnos.entrySet().stream()
                        .map(each -> WalSegmentId.of(each.getKey(), each.getValue()))
                        .toList()))
                : Optional.empty();
    }

    private boolean isHeld(BackedUpLog log) {
        return ends.contains(log)
                || scan.base().logs().log(log.slot(), log.origin()).stream()
                        .anyMatch(each -> log.chain() == Chain.START && each.lastSeqno() == log.lastSeqno());
    }

    /** Returns before where the backup has nothing of a log. */
    private long first(BackedUpLog log) {
        return scan.base()
                .logs()
                .log(log.slot(), log.origin())
                .or(() -> scan.base().merged().log(log.slot(), log.origin()))
                .map(BackedUpLog::lastSeqno)
                .orElse(log.origin().startSeqno());
    }
}
