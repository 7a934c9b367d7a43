package io.tidaldb.wal.rocks;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The database's files in a node's directory. */
final class Layout {

    static final String DIRECTORY = "rocks";
    static final String CURRENT = "CURRENT";

    static final String WAY_OUT =
            "nothing was changed: restore the directory from a copy, or, if replicas have the data,"
                    + " start this node with an empty directory";

    private Layout() {}

    static Path database(Path node) {
        return node.resolve(DIRECTORY);
    }

    /** Creates the database's directory, durably. */
    static void create(Path node) throws IOException {
        Path directory = database(node);
        if (!Files.isDirectory(directory)) {
            Files.createDirectory(directory);
            try (FileChannel channel = FileChannel.open(node, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /** RocksDB takes a directory without CURRENT for a new one and would delete what else is there. */
    static void refuseHeadless(Path directory) throws IOException {
        if (Files.exists(directory.resolve(CURRENT))) {
            return;
        }
        List<String> left = names(directory).stream()
                .filter(name -> isTable(name) || isLog(name))
                .toList();
        if (!left.isEmpty()) {
            throw new TidalException(
                    ErrorCode.STORE_FAILED,
                    "the store in " + directory + " can't be opened: " + CURRENT + " is missing, expected beside "
                            + left.get(0) + "; " + WAY_OUT);
        }
    }

    /** Returns the first damage in the files of the write-ahead log, or null. */
    static @Nullable Damage damagedLog(Path directory) throws IOException {
        for (String name : names(directory)) {
            if (isLog(name)) {
                LogFileCheck.Finding found = LogFileCheck.check(directory.resolve(name));
                if (found.kind() == LogFileCheck.Kind.DAMAGED) {
                    return new Damage(DIRECTORY + "/" + name, found.offset(), found.expected(), found.actual());
                }
            }
        }
        return null;
    }

    /**
     * Cuts off what was being written to the write-ahead log when the process ended or the power went, and was never acknowledged: where parts of
     * it never reached the disk, RocksDB would take it for damage.
     */
    static void cutTornLog(Path directory) throws IOException {
        List<Path> written = new ArrayList<>();
        for (String name : names(directory)) {
            if (isLog(name) && Files.size(directory.resolve(name)) > 0) {
                written.add(directory.resolve(name));
            }
        }
        if (!written.isEmpty()) {
            Path last = written.get(written.size() - 1);
            LogFileCheck.Finding found = LogFileCheck.check(last);
            if (found.kind() == LogFileCheck.Kind.TORN) {
                try (FileChannel channel = FileChannel.open(last, StandardOpenOption.WRITE)) {
                    channel.truncate(found.offset());
                    channel.force(true);
                }
            }
        }
    }

    static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    static boolean isTable(String name) {
        return name.endsWith(".sst");
    }

    static boolean isLog(String name) {
        return name.endsWith(".log");
    }
}
