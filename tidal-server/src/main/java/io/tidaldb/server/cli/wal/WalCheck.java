package io.tidaldb.server.cli.wal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.codec.Chain;
import io.tidaldb.server.importing.Json;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts what is in the logs and checks that each has no gap and an unbroken chain. A log that begins in the middle, after a truncation or
 * after reported damage, is trusted for the chain of its first batch and checked from there.
 */
final class WalCheck extends WalDefects {

    /** The end of a log so far. */
    private record End(long lastSeqno, long chain, int damagesBefore) {}

    private final Map<String, End> ends = new TreeMap<>();
    private final Chain hash = new Chain();
    private String node = "";
    private long files;
    private long batches;
    private long records;
    private long bytes;

    @Override
    public void node(String directory) {
        node = directory;
    }

    @Override
    public void file(String file, long size) {
        files++;
        bytes += size;
    }

    @Override
    public void batch(LogId log, String file, long offset, WalBatch batch) {
        batches++;
        records += batch.count();
        String key = node + " " + log;
        End end = ends.get(key);
        boolean resumes = end == null ? isFirst(batch) : end.damagesBefore() == damages();
        long before = end == null ? Chain.START : end.chain();
        long chain = hash.next(before, batch);
        if (end != null && resumes && batch.firstSeqno() != end.lastSeqno() + 1) {
            damage(
                    file,
                    offset,
                    "record " + Seqno.print(end.lastSeqno() + 1) + " of log " + log + " next",
                    "record " + Seqno.print(batch.firstSeqno()));
        } else if (resumes && batch.version() > 1 && batch.chain() != chain) {
            damage(file, offset, "chain " + hex(chain) + " of log " + log, hex(batch.chain()));
        }
        ends.put(key, new End(batch.lastSeqno(), batch.version() > 1 ? batch.chain() : chain, damages()));
    }

    ObjectNode toJson() {
        ObjectNode result = Json.object()
                .put("ok", ok())
                .put("files", files)
                .put("bytes", bytes)
                .put("logs", ends.size())
                .put("batches", batches)
                .put("records", records);
        describe(result);
        return result;
    }

    private static boolean isFirst(WalBatch batch) {
        return Seqno.counter(batch.firstSeqno()) == 1;
    }

    private static String hex(long value) {
        return String.format("0x%016x", value);
    }
}
