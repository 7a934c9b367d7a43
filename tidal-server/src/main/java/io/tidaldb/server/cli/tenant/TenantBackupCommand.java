package io.tidaldb.server.cli.tenant;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.backup.BackupPoint;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.importing.Json;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "backup",
        description = "Adds what is new of a tenant to a backup, while writes go on.",
        footer = {
            "",
            "The first part in a directory holds everything, each further one what was written since. A file is there",
            "as a whole, or not at all. tenant restore reads all parts, or as many of the first as you copy."
        })
@SuppressWarnings("NullAway.Init")
final class TenantBackupCommand extends OneTenantCommand {

    @Option(
            names = "--to",
            required = true,
            paramLabel = "DIR",
            description = "Directory of this tenant's backup, which is made if it is missing; - prints all of it.")
    private String to;

    @Override
    int run(Backend backend, TenantId tenant) {
        try {
            if (to.equals("-")) {
                try (OutputStream out = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out))) {
                    backend.backup(tenant, BackupPoint.NOTHING, out);
                }
                return ExitCodes.DONE;
            }
            BackupDirectory directory = new BackupDirectory(Path.of(to));
            BackupPoint after = directory.point();
            BackupDirectory.Written written = directory.add(out -> backend.backup(tenant, after, out));
            ObjectNode result = Json.object()
                    .put("tenant", tenant.toString().substring(1))
                    .put("part", written.file().getFileName().toString())
                    .put("new_batches", written.part().batches())
                    .put("new_bytes", written.bytes())
                    .put("point", written.part().point().toString());
            output().result(result);
            return ExitCodes.DONE;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
