package io.tidaldb.server.cli.session;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.backend.ExportCommand;
import io.tidaldb.server.importing.RecordedEvents;
import io.tidaldb.server.parquet.ParquetExport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import picocli.CommandLine.Command;

@Command(
        name = "export",
        description =
                "Hands out all that users did in sessions, hid and withdrew, as it is in a tenant's logs, as NDJSON or Parquet.",
        footer = {
            "",
            "Log by log, each in order; hlc orders lines of different logs, number those of a session. Exit code 1, and a",
            "line on standard error, if it is not all."
        })
final class SessionExportCommand extends ExportCommand {

    @Override
    protected ParquetExport parquet(Path file) throws IOException {
        return ParquetExport.ofActs(file);
    }

    @Override
    protected boolean export(RecordedEvents recorded, TenantId tenant, Consumer<ObjectNode> lines) {
        return recorded.exportActs(tenant, lines);
    }
}
