package io.tidaldb.wal.rocks;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.testkit.WalStory;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The process in which {@link EveryFaultTest} lets system calls fail: tells a story for each call, and says what became of it. */
final class FaultyCalls {

    static final String BROKEN = "broken: ";
    private static final int STEPS = 60;
    private static final Set<ErrorCode> REFUSALS =
            Set.of(ErrorCode.STORE_FAILED, ErrorCode.STORAGE_FULL, ErrorCode.CORRUPT_LOG);

    /** What goes wrong, at which calls, and whether once or from then on; as {@code faults.c} counts them. */
    enum Fault {
        WRITE_ERROR(1, 5, false),
        NO_ROOM(1, 28, false),
        NO_ROOM_ANY_MORE(1, 28, true),
        SYNC_ERROR(2, 5, false),
        NAME_ERROR(3, 5, false),
        NO_DESCRIPTORS(3, 24, true),
        READ_ERROR(4, 5, false);

        private final int kind;
        private final int error;
        private final boolean lasting;

        Fault(int kind, int error, boolean lasting) {
            this.kind = kind;
            this.error = error;
            this.lasting = lasting;
        }
    }

    private final IntBuffer control;
    private final Path directory;
    private int stories;

    private FaultyCalls(IntBuffer control, Path directory) {
        this.control = control;
        this.directory = directory;
    }

    /**
     * Lets one call in so many fail, and prints a line for each fault.
     *
     * @param args the file that says which calls fail, the directory below which they do, and one in how many of them
     */
    public static void main(String[] args) throws IOException {
        try (FileChannel file = FileChannel.open(Path.of(args[0]), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            IntBuffer control = file.map(FileChannel.MapMode.READ_WRITE, 0, EveryFaultTest.CONTROL_BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asIntBuffer();
            FaultyCalls calls = new FaultyCalls(control, Path.of(args[1]));
            for (Fault fault : Fault.values()) {
                calls.each(fault, Integer.parseInt(args[2]));
            }
        }
    }

    private void each(Fault fault, int every) throws IOException {
        arm(fault, Integer.MAX_VALUE);
        tell(story());
        int all = disarm();
        int runs = 0;
        int refused = 0;
        for (int at = 1; at <= all; at += every) {
            WalStory story = story();
            arm(fault, at);
            String said = tell(story);
            disarm();
            runs++;
            refused += said == null ? 0 : 1;
            String problem = story.broken(current(), true);
            if (problem != null) {
                System.out.println(BROKEN + fault + " at call " + at + ", the store said " + said + ": " + problem);
            }
        }
        System.out.println("faults: " + fault + " calls=" + all + " runs=" + runs + " refused=" + refused);
    }

    private void arm(Fault fault, int first) {
        control.put(4, 0)
                .put(3, fault.error)
                .put(2, fault.lasting ? 1 : 0)
                .put(1, first)
                .put(0, fault.kind);
    }

    /** Lets nothing fail any more; returns how many calls there were of those that might have. */
    private int disarm() {
        control.put(0, 0);
        return control.get(4);
    }

    private Path current() {
        return directory.resolve(String.valueOf(stories));
    }

    private WalStory story() throws IOException {
        stories++;
        Files.createDirectories(current());
        return new WalStory(
                (root, background) -> RocksWalStore.open(Stores.context(root), Disk.REAL), false, current(), 7, 0);
    }

    /** Returns what the store has said in the end; null if it has done everything. */
    private static @Nullable String tell(WalStory story) {
        try {
            story.tell(STEPS);
            return null;
        } catch (TidalException e) {
            return REFUSALS.contains(e.code()) ? e.toString() : "something else than was to be expected, " + e;
        } finally {
            story.abandon();
        }
    }
}
