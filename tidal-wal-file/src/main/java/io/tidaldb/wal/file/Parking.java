package io.tidaldb.wal.file;

import io.tidaldb.api.wal.LogId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * Keeps what the journal holds of quarantined logs, so that they don't keep the journal: {@code parked-{n:020}.jnl} in the log's own
 * directory, n being the number of the commit with the first of them. Frames back to back as {@link Frame} describes them, no blocks.
 */
final class Parking {

    private record Lot(long commit, ByteArrayOutputStream frames) {}

    private final SegmentFiles files;
    private final Map<LogId, Lot> lots = new TreeMap<>();

    Parking(SegmentFiles files) {
        this.files = files;
    }

    void add(Frame frame, long commit) {
        Lot lot = lots.computeIfAbsent(frame.log(), log -> new Lot(commit, new ByteArrayOutputStream()));
        lot.frames.writeBytes(frame.header());
        lot.frames.writeBytes(frame.body());
        lot.frames.writeBytes(new byte[frame.paddedBytes() - Frame.HEADER_BYTES - frame.body().length]);
    }

    /** Writes everything, durably but for the directories, which the caller syncs. */
    void flush() throws IOException {
        for (Map.Entry<LogId, Lot> lot : lots.entrySet()) {
            Path directory = files.directory(lot.getKey());
            files.createDirectories(directory);
            long number = lot.getValue().commit;
            // Several logs share a directory, and one commit may hold frames of more than one of them.
            while (Files.exists(path(directory, number)) && !owns(path(directory, number), lot.getKey())) {
                number++;
            }
            Path file = path(directory, number);
            Files.write(file, lot.getValue().frames.toByteArray());
            files.disk().forceFile(file);
            files.disk().forceDirectory(directory);
        }
    }

    private static Path path(Path directory, long number) {
        return directory.resolve("parked-" + Layout.digits(number) + ".jnl");
    }

    private static boolean owns(Path file, LogId log) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            int bytes = (int) Math.min(channel.size(), Integer.MAX_VALUE / 2);
            ByteBuffer all = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
            Disk.read(channel, all, 0);
            Frame frame = Frame.parse(all.flip(), 0);
            return frame != null && frame.log().equals(log);
        }
    }

    /** Deletes what is parked of a log. */
    static void delete(SegmentFiles files, LogId log) throws IOException {
        for (Path file : Layout.list(files.directory(log))) {
            String name = file.getFileName().toString();
            if (name.matches("parked-[0-9]{20}\\.jnl") && owns(file, log)) {
                files.delete(file);
            }
        }
    }
}
