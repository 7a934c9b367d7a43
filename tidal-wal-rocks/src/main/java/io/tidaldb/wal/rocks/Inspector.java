package io.tidaldb.wal.rocks;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.WalInspection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/**
 * Reads a database as it lies there, of a store that is in use, was closed or killed, from a {@link DirectorySnapshot}. Writes nothing to
 * the directory and locks nothing.
 *
 * <p>Of a store in use, each log is told up to some moment after the reading began.
 */
final class Inspector {

    private static final int ATTEMPTS = 20;

    private final Path directory;
    private final WalInspection inspection;
    private final Set<Damage> told = new HashSet<>();

    private Inspector(Path directory, WalInspection inspection) {
        this.directory = directory;
        this.inspection = inspection;
    }

    static void inspect(Path node, WalInspection inspection) {
        Path directory = Layout.database(node);
        if (!Files.isDirectory(directory)) {
            return;
        }
        NativeLibrary.load();
        try {
            new Inspector(directory, inspection).run();
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, directory + " can't be read: " + e, e);
        }
    }

    private void run() throws IOException {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            try (DirectorySnapshot snapshot = DirectorySnapshot.of(directory)) {
                if (snapshot != null && read(snapshot)) {
                    return;
                }
            }
        }
        throw new IOException("it changed under each of " + ATTEMPTS + " readings; try again when less is written");
    }

    /** Returns false, with nothing told, if this may be due to the process that uses the directory. */
    private boolean read(DirectorySnapshot snapshot) throws IOException {
        if (!snapshot.holdsADatabase()) {
            tellFiles(snapshot);
            tellHeadless(snapshot);
            return true;
        }
        Database opened = null;
        RocksDBException failure = null;
        try {
            opened = Database.openReadOnly(snapshot.path(), false);
        } catch (RocksDBException e) {
            failure = e;
        }
        if (failure != null && !isStillThere(snapshot)) {
            return false;
        }
        tellFiles(snapshot);
        boolean logsAreSound = tellLogFiles(snapshot);
        if (failure != null) {
            if (logsAreSound) {
                tell(Damage.of(failure));
            }
            opened = salvage(snapshot);
        }
        if (opened != null) {
            try (Database database = opened) {
                tellLogs(database);
            }
        }
        return true;
    }

    private void tellHeadless(DirectorySnapshot snapshot) {
        snapshot.files().stream()
                .map(DirectorySnapshot.DatabaseFile::name)
                .filter(Layout::isLog)
                .findFirst()
                .ifPresent(name -> tell(new Damage(
                        Damage.DATABASE + "/" + Layout.CURRENT,
                        0,
                        "the name of a manifest, beside " + name,
                        "no file")));
    }

    /** Returns whether the directory still has each table that the snapshot links to. */
    private boolean isStillThere(DirectorySnapshot snapshot) {
        return snapshot.files().stream()
                .filter(file -> Layout.isTable(file.name()))
                .allMatch(file -> Files.exists(directory.resolve(file.name())));
    }

    /** Opens what can be opened: the rest of a log after its damaged part tells a reader more than nothing. */
    private static @Nullable Database salvage(DirectorySnapshot snapshot) {
        try {
            return Database.openReadOnly(snapshot.path(), true);
        } catch (RocksDBException e) {
            return null;
        }
    }

    private void tellFiles(DirectorySnapshot snapshot) {
        for (DirectorySnapshot.DatabaseFile file : snapshot.files()) {
            inspection.file(Damage.DATABASE + "/" + file.name(), file.bytes());
        }
    }

    private boolean tellLogFiles(DirectorySnapshot snapshot) throws IOException {
        boolean sound = true;
        for (DirectorySnapshot.DatabaseFile file : snapshot.files()) {
            if (!Layout.isLog(file.name())) {
                continue;
            }
            String name = Damage.DATABASE + "/" + file.name();
            LogFileCheck.Finding found = LogFileCheck.check(snapshot.path().resolve(file.name()));
            switch (found.kind()) {
                case TORN -> inspection.tornTail(name, found.offset(), found.bytes());
                case DAMAGED -> {
                    tell(new Damage(name, found.offset(), found.expected(), found.actual()));
                    sound = false;
                }
                case SOUND -> {}
            }
        }
        return sound;
    }

    private void tellLogs(Database database) {
        try {
            Catalog catalog = Catalog.read(database);
            for (RocksLog log : catalog.logs().values()) {
                Damage damage = log.damage();
                if (damage != null) {
                    tell(damage);
                }
                new LogReading(database, log, inspection, this::tell).run();
            }
        } catch (RocksDBException e) {
            tell(Damage.of(e));
        }
    }

    private void tell(Damage damage) {
        if (told.add(damage)) {
            inspection.damage(damage.file(), damage.offset(), damage.expected(), damage.actual());
        }
    }
}
