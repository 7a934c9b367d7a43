package io.tidaldb.server.cli;

import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "dump", description = "Prints every record as NDJSON, in order of logs. Exit code 1 for damage.")
@SuppressWarnings("NullAway.Init")
final class WalDumpCommand extends CliCommand {

    @Parameters(paramLabel = "DIR", description = "A node's directory, or one that holds several.")
    private Path directory;

    @Override
    public Integer call() throws IOException {
        Dump dump = new Dump(output());
        WalDirectories.under(directory).inspect(dump);
        dump.output.end();
        return dump.damaged ? ExitCodes.FAILED : ExitCodes.DONE;
    }

    private static final class Dump implements NodeInspection {

        private final Output output;
        private boolean damaged;

        Dump(Output output) {
            this.output = output;
        }

        @Override
        public void node(String directory) {}

        @Override
        public void file(String file, long bytes) {}

        @Override
        public void batch(LogId log, String file, long offset, WalBatch batch) {
            try {
                RecordText.each(batch, output::line);
            } catch (BufferUnderflowException | IllegalArgumentException | NegativeArraySizeException e) {
                damage(
                        file,
                        offset,
                        batch.count() + " records of kind " + batch.kind(),
                        "a payload too short for them");
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
