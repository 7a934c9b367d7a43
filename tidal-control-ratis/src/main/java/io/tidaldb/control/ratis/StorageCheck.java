package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlPosition;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.ratis.protocol.exceptions.ChecksumException;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.raftlog.segmented.LogSegment;
import org.apache.ratis.server.raftlog.segmented.LogSegmentPath;
import org.apache.ratis.server.storage.RaftStorageDirectory;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.util.SizeInBytes;
import org.jspecify.annotations.Nullable;

/**
 * Looks through the files of the Raft log before Ratis opens them. Ratis goes on with what it can read of a segment; a member that has
 * forgotten what it acknowledged could take part in losing it, so here whatever is missing is damage. What a crash left incomplete at the
 * very end is not.
 */
final class StorageCheck {

    private static final SizeInBytes MAX_ENTRY = SizeInBytes.valueOf(64 << 20);

    private static final Pattern CLOSED = Pattern.compile("log_(\\d{1,18})-(\\d{1,18})");
    private static final Pattern TERM = Pattern.compile("\\d{1,18}");
    private static final Pattern OPEN = Pattern.compile("log_inprogress_(\\d{1,18})");

    private StorageCheck() {}

    /** A file of the Raft log. */
    private record Segment(Path file, long first, @Nullable Long last) {}

    /**
     * Checks what is there.
     *
     * @param group the directory of the Raft group; it need not exist
     * @return how far it reaches: entries that are not agreed count as well
     * @throws TidalException CORRUPT_LOG
     */
    static ControlPosition check(Path group) throws IOException {
        Path current = group.resolve(RaftStorageDirectory.CURRENT_DIR_NAME);
        if (!Files.isDirectory(current)) {
            return ControlPosition.NONE;
        }
        List<Segment> segments = segments(current);
        long covered = newestSnapshot(group.resolve(RaftStorageDirectory.STATE_MACHINE_DIR_NAME));
        long next = -1;
        for (Segment segment : segments) {
            if (next >= 0 ? segment.first() != next : segment.first() > covered + 1) {
                throw damaged(
                        name(segment.file()),
                        "expected a segment that begins at " + (next >= 0 ? next : covered + 1 + " or before"));
            }
            next = segment.first() + count(segment);
        }
        Path votes = current.resolve("raft-meta");
        if (!segments.isEmpty() && !Files.exists(votes)) {
            throw damaged("raft-meta", "expected the file, it is missing");
        }
        return new ControlPosition(term(votes), Math.max(next, covered + 1));
    }

    private static long term(Path votes) throws IOException {
        if (!Files.exists(votes)) {
            return 0;
        }
        Properties found = new Properties();
        found.load(new StringReader(Files.readString(votes, StandardCharsets.UTF_8)));
        String term = found.getProperty("term", "");
        if (!TERM.matcher(term).matches()) {
            throw damaged("raft-meta", "expected a term, found \"" + term + "\"");
        }
        return Long.parseLong(term);
    }

    /** Returns up to which entry of the Raft log a snapshot stands for it; -1 if there is none. */
    private static long newestSnapshot(Path snapshots) throws IOException {
        if (!Files.isDirectory(snapshots)) {
            return -1;
        }
        try (Stream<Path> files = Files.list(snapshots)) {
            return files.filter(file -> SimpleStateMachineStorage.SNAPSHOT_REGEX
                            .matcher(name(file))
                            .matches())
                    .mapToLong(file -> SimpleStateMachineStorage.getTermIndexFromSnapshotFile(file.toFile())
                            .getIndex())
                    .max()
                    .orElse(-1);
        }
    }

    private static List<Segment> segments(Path current) throws IOException {
        List<Segment> segments = new ArrayList<>();
        try (Stream<Path> files = Files.list(current)) {
            for (Path file : files.toList()) {
                Matcher closed = CLOSED.matcher(name(file));
                Matcher open = OPEN.matcher(name(file));
                if (closed.matches()) {
                    segments.add(new Segment(file, Long.parseLong(closed.group(1)), Long.parseLong(closed.group(2))));
                } else if (open.matches() && Files.size(file) > 0) {
                    segments.add(new Segment(file, Long.parseLong(open.group(1)), null));
                }
            }
        }
        segments.sort(Comparator.comparing(Segment::first));
        return segments;
    }

    private static int count(Segment segment) throws IOException {
        String name = name(segment.file());
        LogSegmentPath path = Objects.requireNonNull(LogSegmentPath.matchLogSegment(segment.file()));
        int count;
        try {
            count = LogSegment.readSegmentFile(
                    segment.file().toFile(),
                    path.getStartEnd(),
                    MAX_ENTRY,
                    CorruptionPolicy.EXCEPTION,
                    null,
                    entry -> {});
        } catch (IOException | IllegalStateException e) {
            throw damaged(name, e.getMessage() + "", e);
        }
        Long last = segment.last();
        if (last != null && count != last - segment.first() + 1) {
            throw damaged(name, "expected " + (last - segment.first() + 1) + " entries, found " + count);
        }
        return count;
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    static TidalException damaged(String file, String what) {
        return damaged(file, what, null);
    }

    private static TidalException damaged(String file, String what, @Nullable Throwable cause) {
        return new TidalException(
                ErrorCode.CORRUPT_LOG,
                "control log is damaged: " + file + ": " + what
                        + "; restore the directory from a copy, or replace this member: it must not go on with less than it had",
                cause);
    }

    /** Returns what a failure to open means. */
    static TidalException failure(Path directory, Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof TidalException known) {
                return known;
            } else if (String.valueOf(cause.getMessage()).contains("already locked")) {
                return new TidalException(
                        ErrorCode.DIRECTORY_LOCKED,
                        "control log in " + directory
                                + " is in use by another process: stop it, or choose another directory",
                        thrown);
            } else if (cause instanceof ChecksumException
                    || cause instanceof FileNotFoundException
                    || cause instanceof IllegalStateException) {
                return damaged(directory + "", cause + "", thrown);
            }
        }
        return new TidalException(
                ErrorCode.STORE_FAILED, "control log in " + directory + " can't be opened: " + thrown, thrown);
    }
}
