package io.tidaldb.server.cli.signal;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.server.cli.backend.ExportCommand;
import io.tidaldb.server.importing.ExportLine;
import io.tidaldb.server.importing.RecordedEvents;
import io.tidaldb.server.parquet.ParquetExport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import picocli.CommandLine.Command;

@Command(
        name = "export",
        description =
                "Hands out every signal that is in a tenant's logs, as NDJSON that signal import reads, or as Parquet.",
        footer = {"", "Exit code 1, and a line on standard error, if it is not all."})
final class SignalExportCommand extends ExportCommand {

    @Override
    protected ParquetExport parquet(Path file) throws IOException {
        return ParquetExport.ofSignals(file);
    }

    @Override
    protected boolean export(RecordedEvents recorded, TenantId tenant, Consumer<ObjectNode> lines) {
        return recorded.export(tenant, signal -> lines.accept(ExportLine.of(tenant, signal)));
    }
}
