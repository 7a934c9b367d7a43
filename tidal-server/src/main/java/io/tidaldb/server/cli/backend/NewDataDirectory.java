package io.tidaldb.server.cli.backend;

import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.server.cli.CliException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of commands that make the data directory if it is missing. */
public final class NewDataDirectory extends DataDirectory {

    @Option(
            names = "--wal",
            paramLabel = "NAME",
            description = "Log store of a new data directory (default: file); one that exists has its own.")
    @Nullable
    private String wal;

    @Override
    void checkUnnamed() {
        super.checkUnnamed();
        if (wal != null) {
            throw CliException.usage("--wal is about a data directory: expected --data-dir DIR with it");
        }
    }

    /** Opens a directory and creates it if it is missing. */
    public Tidal openOrCreate() {
        return withDefaults(chosenWal()).open();
    }

    /** As {@link #openOrCreate}, but declares nothing. */
    public Tidal openUndeclared() {
        return chosenWal().open();
    }

    private TidalBuilder chosenWal() {
        TidalBuilder builder = builder();
        if (wal == null) {
            return builder;
        }
        plugins().checkWal(wal);
        return builder.wal(wal);
    }
}
