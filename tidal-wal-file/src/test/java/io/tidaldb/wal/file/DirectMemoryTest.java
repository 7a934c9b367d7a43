package io.tidaldb.wal.file;

import static io.tidaldb.wal.file.Batches.append;
import static io.tidaldb.wal.file.Batches.log;
import static io.tidaldb.wal.file.Batches.seqnos;
import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A process that has no memory left outside its heap")
class DirectMemoryTest {

    private static final int PAYLOAD_BYTES = 100_000;

    @TempDir
    Path temp;

    @Test
    @DisplayName("is refused a write and a read, keeps what it has acknowledged, and goes on once there is some again")
    void goesOn() throws Exception {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:MaxDirectMemorySize=8m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Story.class.getName(),
                        temp.resolve("store").toString()))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).contains("done");
    }

    /** What the process does, on a thread that has not written or read before: others have kept their buffers. */
    static final class Story {

        private static final LogId LOG = log(1);

        private Story() {}

        public static void main(String[] args) throws IOException, InterruptedException {
            Path directory = Path.of(args[0]);
            try (WalStore store = Stores.open(directory)) {
                append(store, LOG, 1, PAYLOAD_BYTES);
                store.sync();
            }
            List<Throwable> failures = new ArrayList<>();
            Thread fresh = new Thread(() -> tell(directory));
            fresh.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
            fresh.start();
            fresh.join();
            if (!failures.isEmpty()) {
                throw new AssertionError(failures.get(0));
            }
            System.out.println("done");
        }

        private static void tell(Path directory) {
            List<ByteBuffer> taken = new ArrayList<>();
            long refusals = 0;
            try (WalStore store = Stores.open(directory)) {
                takeAll(taken);
                try {
                    append(store, LOG, 2, 3 * PAYLOAD_BYTES);
                    store.sync();
                } catch (TidalException e) {
                    isForMemory(e);
                    refusals++;
                }
                try {
                    seqnos(store, LOG);
                } catch (TidalException e) {
                    isForMemory(e);
                    refusals++;
                }
                if (store.status(LOG).lastSeqno() != 1) {
                    throw new AssertionError("the refused write is there: " + store.status(LOG));
                }
                taken.clear();
                append(store, LOG, 2, 3 * PAYLOAD_BYTES);
                for (long seqno = 3; seqno <= 20; seqno++) {
                    append(store, LOG, seqno, PAYLOAD_BYTES);
                    store.sync();
                }
                if (refusals != 2) {
                    throw new AssertionError("refused: " + refusals + " of a write and a read");
                }
            }
            List<Long> all = LongStream.rangeClosed(1, 20).boxed().toList();
            try (WalStore store = Stores.open(directory)) {
                if (!seqnos(store, LOG).equals(all)) {
                    throw new AssertionError("expected " + all + ", found " + seqnos(store, LOG));
                }
            }
        }

        private static void takeAll(List<ByteBuffer> taken) {
            for (int bytes = 1 << 20; bytes >= 1 << 10; bytes /= 2) {
                try {
                    while (true) {
                        taken.add(ByteBuffer.allocateDirect(bytes));
                    }
                } catch (OutOfMemoryError e) {
                    // Then smaller ones.
                }
            }
        }

        private static void isForMemory(TidalException refusal) {
            String said = String.valueOf(refusal.getMessage());
            if (refusal.code() != ErrorCode.OVERLOADED || !said.contains("MaxDirectMemorySize")) {
                throw new AssertionError(refusal);
            }
        }
    }
}
