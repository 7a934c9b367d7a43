package io.tidaldb.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What one gets without a shared journal: a growing file for each tenant, and a sync of each that a group has written to. */
final class FilePerTenantSink implements GroupSink {

    static final String NAME = "a file per tenant";

    /** As many syncs at a time as helped on the machines that were tried. */
    private static final int SYNCING_THREADS = 64;

    private final ExecutorService pool = Executors.newFixedThreadPool(SYNCING_THREADS);
    private final FileChannel[] files;
    private final int[] counts;
    private final int[] touched;
    private final byte[] record;

    FilePerTenantSink(Path directory, int tenants, int recordBytes) throws IOException {
        files = new FileChannel[tenants];
        counts = new int[tenants];
        touched = new int[tenants];
        record = new byte[recordBytes];
        for (int tenant = 0; tenant < tenants; tenant++) {
            files[tenant] = FileChannel.open(
                    directory.resolve("t" + tenant),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.APPEND);
        }
    }

    @Override
    public void commit(int[] tenants, int count) throws Exception {
        int distinct = 0;
        for (int i = 0; i < count; i++) {
            if (counts[tenants[i]]++ == 0) {
                touched[distinct++] = tenants[i];
            }
        }
        List<Callable<Void>> syncs = new ArrayList<>();
        for (int i = 0; i < distinct; i++) {
            FileChannel file = files[touched[i]];
            ByteBuffer records = ByteBuffer.allocate(counts[touched[i]] * record.length);
            counts[touched[i]] = 0;
            syncs.add(() -> {
                while (records.hasRemaining()) {
                    file.write(records);
                }
                file.force(false);
                return null;
            });
        }
        for (Future<Void> sync : pool.invokeAll(syncs)) {
            sync.get();
        }
    }

    @Override
    public void close() throws IOException {
        pool.shutdown();
        for (FileChannel file : files) {
            file.close();
        }
    }
}
