package io.tidaldb.server.cli.wal;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "inspect", description = "Lists files and logs: what they hold, and how much of it.")
final class WalInspectCommand extends CliCommand {

    @Mixin
    private final WalOptions source = new WalOptions();

    @Override
    public Integer call() throws IOException {
        Contents contents = new Contents();
        WalDirectories directories = source.directories();
        directories.inspect(contents);
        ObjectNode result = Json.object().put("nodes", directories.nodes());
        result.set("files", contents.files);
        ArrayNode logs = result.putArray("logs");
        contents.logs.values().forEach(log -> logs.add(log.toJson()));
        contents.describe(result);
        output().result(result);
        return contents.ok() ? ExitCodes.DONE : ExitCodes.FAILED;
    }

    /** What was found of a log. */
    private static final class LogSummary {

        private final String node;
        private final LogId log;
        private final long firstSeqno;
        private long lastSeqno;
        private long batches;
        private long records;
        private long bytes;

        LogSummary(String node, LogId log, long firstSeqno) {
            this.node = node;
            this.log = log;
            this.firstSeqno = firstSeqno;
        }

        ObjectNode toJson() {
            return Json.object()
                    .put("node", node.isEmpty() ? "." : node)
                    .put("log", log.toString())
                    .put("tenant", Long.toUnsignedString(log.tenant().value()))
                    .put("origin", log.origin().toString())
                    .put("first", Seqno.print(firstSeqno))
                    .put("last", Seqno.print(lastSeqno))
                    .put("batches", batches)
                    .put("records", records)
                    .put("bytes", bytes);
        }
    }

    private static final class Contents extends WalDefects {

        private final ArrayNode files = Json.object().arrayNode();
        private final Map<String, LogSummary> logs = new LinkedHashMap<>();
        private String node = "";

        @Override
        public void node(String directory) {
            node = directory;
        }

        @Override
        public void file(String file, long bytes) {
            files.add(Json.object().put("file", file).put("bytes", bytes));
        }

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            LogSummary summary =
                    logs.computeIfAbsent(node + "/" + log, unused -> new LogSummary(node, log, batch.firstSeqno()));
            summary.lastSeqno = batch.lastSeqno();
            summary.batches++;
            summary.records += batch.count();
            summary.bytes += batch.length();
        }
    }
}
