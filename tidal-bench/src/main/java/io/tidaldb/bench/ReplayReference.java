package io.tidaldb.bench;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** The limit of recovery: reads records from a file in order, checks a CRC for each thousand, applies them to {@link ReferenceTable}. */
final class ReplayReference implements Contender {

    private static final int RECORDS_A_BATCH = 1_000;
    private static final int BATCH_BYTES = Long.BYTES + RECORDS_A_BATCH * LedgerRecords.BYTES;
    private static final int BATCHES_A_READ = 64;

    private final Path file;
    private final int entities;
    private final int batches;

    ReplayReference(Path directory, int entities, int records) throws IOException {
        this.entities = entities;
        file = directory.resolve("records");
        batches = records / RECORDS_A_BATCH;
        ByteBuffer batch = ByteBuffer.allocate(BATCH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int i = 0; i < batches; i++) {
                for (int record = 0; record < RECORDS_A_BATCH; record++) {
                    long entity = ((long) i * RECORDS_A_BATCH + record) * 61_803L % entities;
                    LedgerRecords.put(batch, Long.BYTES + record * LedgerRecords.BYTES, entity);
                }
                batch.putLong(0, crc(batch.array(), 0));
                out.write(batch.rewind());
            }
            out.force(true);
        }
    }

    @Override
    public Phase run(double seconds) throws IOException {
        long begin = System.nanoTime();
        ReferenceTable table = new ReferenceTable(entities);
        ByteBuffer read = ByteBuffer.allocate(BATCHES_A_READ * BATCH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel in = FileChannel.open(file)) {
            for (int left = batches; left > 0; left -= BATCHES_A_READ) {
                read.clear().limit(Math.min(left, BATCHES_A_READ) * BATCH_BYTES);
                while (read.hasRemaining()) {
                    if (in.read(read) < 0) {
                        throw new EOFException("the reference's file is short");
                    }
                }
                for (int at = 0; at < read.limit(); at += BATCH_BYTES) {
                    if (read.getLong(at) != crc(read.array(), at)) {
                        throw new IOException("the reference's file is damaged");
                    }
                    table.applyAll(read, at + Long.BYTES, RECORDS_A_BATCH);
                }
            }
        }
        return Phase.of(Figure.RATE, (double) batches * RECORDS_A_BATCH * 1e9 / (System.nanoTime() - begin));
    }

    private static long crc(byte[] bytes, int from) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from + Long.BYTES, BATCH_BYTES - Long.BYTES);
        return crc.getValue();
    }
}
