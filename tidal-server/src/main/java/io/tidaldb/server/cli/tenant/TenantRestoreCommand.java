package io.tidaldb.server.cli.tenant;

import io.tidaldb.api.Durability;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.backup.BackupReader;
import io.tidaldb.core.backup.BackupScan;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.RestoreText;
import io.tidaldb.server.cli.backend.StoreOptions;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "restore",
        description = "Makes a tenant of a backup, with all that it held at some moment.",
        footer = {
            "",
            "The backup is checked as a whole first. Nobody sees the tenant before it is whole. Limits, durability and",
            "regions are as they were unless given; where they were pinned to is not. An origin that --at does not name counts whole.",
            "",
            "It is done when most replicas hold all of it (all, if its durability is ALL), and waits for those that are away;",
            "the node's log says which. To give it up, delete the tenant."
        })
@SuppressWarnings("NullAway.Init")
final class TenantRestoreCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Option(
            names = "--from",
            required = true,
            paramLabel = "DIR",
            description = "What tenant backup wrote: a directory, or a file.")
    private Path from;

    @Option(names = "--as", paramLabel = "T", description = "Number of the tenant; as it was unless given.")
    @Nullable
    private String as;

    @Option(
            names = "--at",
            paramLabel = "WHEN",
            description = "Up to positions such as r0:s0:42,r1:s0:7, or a time; all of it unless given.")
    @Nullable
    private String at;

    @Option(
            names = "--regions",
            split = ",",
            paramLabel = "R",
            description = "Numbers of the regions that it may be in; as they were unless given.")
    @Nullable
    private List<Integer> regions;

    @Option(
            names = "--durability",
            paramLabel = "LEVEL",
            description = "When its writes are acknowledged: ${COMPLETION-CANDIDATES}; as it was unless given.")
    @Nullable
    private Durability durability;

    @Override
    public Integer call() throws IOException {
        if (Files.notExists(from)) {
            throw TidalException.invalid(
                    from + " does not exist: expected a directory or a file that tidal tenant backup wrote");
        }
        RestoreText options = new RestoreText(at, regions, durability);
        TenantId named = as == null ? null : TenantId.parse(as);
        BackupDirectory backup = new BackupDirectory(from);
        BackupScan scan = new BackupScan(options.point());
        try (InputStream in = new BufferedInputStream(backup.open())) {
            new BackupReader(backup.name(), in).read(scan);
        }
        scan.counted();
        TenantId id = named == null ? scan.head().config().id() : named;
        try (Backend backend = store.open(token())) {
            output().result(backend.restore(id, backup, options));
            return ExitCodes.DONE;
        }
    }
}
