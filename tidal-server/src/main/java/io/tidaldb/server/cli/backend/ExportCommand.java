package io.tidaldb.server.cli.backend;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.control.NotFound;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.importing.RecordedEvents;
import io.tidaldb.server.parquet.ParquetExport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Hands out what is in a tenant's logs: as lines on standard output, or as a Parquet file that is there as a whole or not at all. */
@SuppressWarnings("NullAway.Init")
public abstract class ExportCommand extends CliCommand {

    enum Format {
        NDJSON,
        PARQUET
    }

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Option(names = "--tenant", required = true, paramLabel = "T", description = "Number or label.")
    private String tenant;

    @Option(
            names = "--format",
            defaultValue = "ndjson",
            paramLabel = "ndjson|parquet",
            description = "ndjson is printed; parquet is a file, for training pipelines. Default: ${DEFAULT-VALUE}.")
    private Format format;

    @Option(names = "--to", paramLabel = "FILE", description = "Parquet file to make; it must not exist.")
    private @Nullable Path to;

    /** Begins a Parquet file that takes the lines. */
    protected abstract ParquetExport parquet(Path file) throws IOException;

    /** Hands over the lines; returns false if there is no such tenant. */
    protected abstract boolean export(RecordedEvents recorded, TenantId tenant, Consumer<ObjectNode> lines);

    @Override
    public Integer call() throws IOException {
        if (format == Format.PARQUET && to == null) {
            throw CliException.usage("--format parquet makes a file: name it with --to FILE");
        }
        if (format == Format.NDJSON && to != null) {
            throw CliException.usage("--to is the file of --format parquet: redirect standard output, > " + to
                    + ", or add --format parquet");
        }
        if (to != null) {
            checkFile(to);
        }
        try (Backend backend = store.open(token())) {
            TenantId id = backend.named(tenant);
            if (to == null) {
                print(backend, id);
            } else {
                make(to, backend, id);
            }
            return ExitCodes.DONE;
        }
    }

    private static void checkFile(Path file) {
        if (Files.exists(file)) {
            throw CliException.usage(file + " exists: remove it, or name another file with --to");
        }
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw CliException.usage(directory + " is no directory: make it, or name another file with --to");
        }
    }

    private void print(Backend backend, TenantId id) {
        try {
            export(backend, id, output()::line);
        } finally {
            output().end();
        }
    }

    private void make(Path file, Backend backend, TenantId id) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
        Files.deleteIfExists(unfinished);
        Files.createFile(
                unfinished, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        long rows;
        try {
            try (ParquetExport parquet = parquet(unfinished)) {
                export(backend, id, parquet::add);
                rows = parquet.rows();
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        output().result(Json.object()
                .put("tenant", Long.toUnsignedString(id.value()))
                .put("file", file.toString())
                .put("rows", rows)
                .put("bytes", Files.size(file)));
    }

    private void export(Backend backend, TenantId id, Consumer<ObjectNode> lines) {
        if (!export(backend.recorded(), id, lines)) {
            throw NotFound.tenant(id);
        }
    }
}
