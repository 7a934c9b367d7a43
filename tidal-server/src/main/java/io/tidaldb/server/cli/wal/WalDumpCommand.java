package io.tidaldb.server.cli.wal;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.Output;
import io.tidaldb.server.formats.NodeInspection;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "dump", description = "Prints every record as NDJSON, in order of logs. Exit code 1 for damage.")
final class WalDumpCommand extends CliCommand {

    @Mixin
    private final WalOptions source = new WalOptions();

    @Override
    public Integer call() throws IOException {
        WalDirectories directories = source.directories();
        Dump dump = new Dump(output(), directories.nodes() > 1);
        directories.inspect(dump);
        dump.output.end();
        return dump.damaged ? ExitCodes.FAILED : ExitCodes.DONE;
    }

    private static final class Dump implements NodeInspection {

        private final Output output;
        private final boolean severalNodes;
        private RecordText text = new RecordText("");
        private boolean damaged;

        Dump(Output output, boolean severalNodes) {
            this.output = output;
            this.severalNodes = severalNodes;
        }

        @Override
        public void node(String directory) {
            text = new RecordText(severalNodes ? directory : "");
        }

        @Override
        public void file(String file, long bytes) {}

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            try {
                text.each(log, batch, output::line);
            } catch (TidalException e) {
                damage(
                        file,
                        offset,
                        batch.count() + " records of kind " + batch.kind(),
                        String.valueOf(e.getMessage()));
            }
        }

        @Override
        public void tornTail(String file, long offset, long bytes) {
            output.note("tidal: torn tail in " + file + " at offset " + offset + ": " + bytes + " bytes");
        }

        @Override
        public void damage(String file, long offset, String expected, String actual) {
            damaged = true;
            output.note("tidal: damage in " + file + " at offset " + offset + ": expected " + expected + ", found "
                    + actual);
        }
    }
}
