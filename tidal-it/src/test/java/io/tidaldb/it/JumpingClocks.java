package io.tidaldb.it;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;

/**
 * Wall clocks of processes that jump, each by itself, while its monotonic clock goes on: what processes ask the C library for is changed below
 * them, so that the machine's clock stays as it is. Skips the test, in one line, where there is no C compiler.
 */
final class JumpingClocks {

    private final Path library;
    private final Path clocks;

    /** Prepares; clocks are right until they {@link #jump}. */
    JumpingClocks(Path work) throws IOException {
        library = work.resolve("clock.so");
        clocks = Files.createDirectory(work.resolve("clocks"));
        Path source = Repository.root().resolve("tidal-it/src/test/resources/io/tidaldb/it/clock.c");
        FaultTools.need("cc", "-shared", "-fPIC", "-O1", "-o", library.toString(), source.toString(), "-ldl");
    }

    /** Returns what a process has in its environment whose clock may jump; so may those of all that it starts. */
    Map<String, String> environment() {
        return Map.of("LD_PRELOAD", library.toString(), "JUMPING_CLOCKS", clocks.toString());
    }

    /** Sets a process's wall clock ahead of the machine's from now on, or back behind it, or right. */
    void jump(ProcessHandle process, Duration ahead) throws IOException {
        ByteBuffer seconds = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        seconds.putLong(0, ahead.toSeconds());
        // Never cut: the process has it mapped.
        try (FileChannel file =
                FileChannel.open(clocks.resolve(String.valueOf(process.pid())), StandardOpenOption.WRITE)) {
            file.write(seconds, 0);
        }
    }
}
