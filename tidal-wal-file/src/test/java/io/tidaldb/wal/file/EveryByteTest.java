package io.tidaldb.wal.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.testkit.WalStory;
import io.tidaldb.testkit.disk.Loss;
import io.tidaldb.testkit.disk.MemoryDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Turns a bit of each byte of each file that a store leaves, one at a time, and opens what is left. */
class EveryByteTest {

    private static final int EVERY = Integer.getInteger("tidal.bytes.every", 61);
    private static final int STEPS = 50;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("R-10: one wrong bit anywhere is refused, or changes nothing that was acknowledged")
    void anyByteCanBeWrong(boolean closed) throws IOException {
        MemoryDisk written = new MemoryDisk();
        WalStory story = Stores.story(written.root(), 5, 3);
        story.tell(STEPS);
        if (closed) {
            story.close();
        } else {
            story.abandon();
        }
        Random random = new Random(1);
        long flips = 0;
        long refused = 0;
        for (Path file : files(written.root())) {
            for (long at = random.nextInt(EVERY); at < Files.size(file); at += EVERY) {
                MemoryDisk disk = written.afterCut(Loss.NOTHING);
                flip(disk.root().resolve(written.root().relativize(file)), at, random.nextInt(8));
                String problem = story.broken(disk.root(), false);
                flips++;
                refused += problem == null ? 0 : 1;
                assertThat(isRefused(problem))
                        .as("byte %d of %s: %s", at, file, problem)
                        .isTrue();
            }
        }
        System.out.println("bytes: " + (closed ? "closed" : "killed") + " flips=" + flips + " refused=" + refused
                + " harmless=" + (flips - refused) + " wrong=0");
        assertThat(refused).isPositive();
    }

    private static boolean isRefused(@Nullable String problem) {
        return problem == null || problem.startsWith(WalStory.REFUSED) || problem.contains("is quarantined");
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).toList();
        }
    }

    private static void flip(Path file, long at, int bit) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            channel.read(one, at);
            one.put(0, (byte) (one.get(0) ^ 1 << bit));
            channel.write(one.rewind(), at);
        }
    }
}
