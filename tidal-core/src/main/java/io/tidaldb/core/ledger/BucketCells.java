package io.tidaldb.core.ledger;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The cells of one bucket on their way from a ledger to another: chunks of whole cells as {@link CellCodec} has them, by signal type and
 * then entity (unsigned). Equal buckets have equal bytes, end to end.
 *
 * <p>Immutable, as long as nobody writes to the chunks.
 */
final class BucketCells {

    private final List<byte[]> chunks;

    /** Believes nothing before all of it is known to be the bucket's, in order, and cells that events can have led to. */
    BucketCells(int bucket, List<byte[]> chunks) {
        this.chunks = List.copyOf(chunks);
        int[] lastSignal = {-1};
        long[] lastEntity = {0};
        forEach((signal, state) -> {
            boolean ascending = signal > lastSignal[0]
                    || signal == lastSignal[0] && Long.compareUnsigned(state.entity, lastEntity[0]) > 0;
            if (!ascending || StateDigest.bucket(state.entity) != bucket) {
                throw LedgerSnapshot.corrupt("of bucket " + bucket + " has entity "
                        + Long.toUnsignedString(state.entity) + " of signal type " + signal
                        + (ascending ? ", which is another bucket's" : " out of order"));
            }
            lastSignal[0] = signal;
            lastEntity[0] = state.entity;
        });
    }

    /** Sees a cell of a signal type; the next one reuses the state. */
    interface Visitor {

        void visit(int signal, CellState state);
    }

    void forEach(Visitor visitor) {
        CellState state = new CellState();
        byte[] cell = new byte[CellCodec.MAX_BYTES];
        for (byte[] chunk : chunks) {
            for (int at = 0; at < chunk.length; ) {
                int length = copyCell(chunk, at, cell);
                CellCodec.decode(cell, state);
                visitor.visit(CellCodec.signal(cell), state);
                at += length;
            }
        }
    }

    private static int copyCell(byte[] chunk, int at, byte[] into) {
        int left = chunk.length - at;
        int length = CellCodec.FIXED_BYTES;
        if (left >= length) {
            System.arraycopy(chunk, at, into, 0, length);
            length += CellCodec.bucketBytes(into);
        }
        if (left < length) {
            throw LedgerSnapshot.corrupt("has a chunk of " + chunk.length + " bytes that ends inside a cell");
        }
        System.arraycopy(chunk, at, into, 0, length);
        return length;
    }

    long distinctEntities() {
        Set<Long> entities = new HashSet<>();
        forEach((signal, state) -> entities.add(state.entity));
        return entities.size();
    }

    /** Returns the chunks of a bucket, none of them longer than so many bytes, but for a single cell. */
    static List<byte[]> of(@Nullable CellTable[] tables, int bucket, int chunkBytes) {
        List<byte[]> chunks = new ArrayList<>();
        byte[] chunk = new byte[Math.max(chunkBytes, CellCodec.MAX_BYTES)];
        byte[] encoded = new byte[CellCodec.MAX_BYTES];
        CellState state = new CellState();
        int size = 0;
        for (int signal = 0; signal < tables.length; signal++) {
            CellTable table = tables[signal];
            if (table == null) {
                continue;
            }
            for (int cell : CellOrder.of(table, bucket)) {
                table.load(cell, state);
                int length = CellCodec.encode(signal, state, encoded);
                if (size > 0 && size + length > chunkBytes) {
                    chunks.add(Arrays.copyOf(chunk, size));
                    size = 0;
                }
                System.arraycopy(encoded, 0, chunk, size, length);
                size += length;
            }
        }
        if (size > 0) {
            chunks.add(Arrays.copyOf(chunk, size));
        }
        return chunks;
    }

    /** Returns the entities of a bucket in each table. */
    static long[][] entities(@Nullable CellTable[] tables, int bucket) {
        long[][] entities = new long[tables.length][];
        for (int signal = 0; signal < tables.length; signal++) {
            CellTable table = tables[signal];
            entities[signal] = table == null
                    ? new long[0]
                    : Arrays.stream(CellOrder.of(table, bucket))
                            .mapToLong(table::entity)
                            .toArray();
        }
        return entities;
    }
}
