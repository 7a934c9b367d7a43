package io.tidaldb.bench;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.SyncMode;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;

/** A peer: one queue for all tenants, its defaults, one excerpt for each record, one synchronous msync for each group. */
final class ChronicleSink implements GroupSink {

    static final String NAME = "chronicle-queue";
    static final String SETTINGS =
            "one queue and one appender, default options but SyncMode.SYNC; one excerpt a record, each group one ExcerptAppender.sync";

    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private final Bytes<ByteBuffer> excerpt;
    private final byte[] record;
    private final boolean synced;

    ChronicleSink(Path directory, int recordBytes, boolean synced) {
        this.synced = synced;
        queue = SingleChronicleQueueBuilder.binary(directory)
                .syncMode(synced ? SyncMode.SYNC : SyncMode.NONE)
                .build();
        appender = queue.createAppender();
        // Threads take turns: the one that prepares, then the one that commits.
        appender.singleThreadedCheckDisabled(true);
        record = new byte[recordBytes];
        excerpt = Bytes.elasticByteBuffer(Long.BYTES + recordBytes);
    }

    @Override
    public void commit(int[] tenants, int count) {
        for (int i = 0; i < count; i++) {
            excerpt.clear();
            excerpt.writeLong(tenants[i]).write(record);
            appender.writeBytes(excerpt);
        }
        if (synced) {
            appender.sync();
        }
    }

    @Override
    public void close() {
        appender.close();
        queue.close();
        excerpt.releaseLast();
    }
}
