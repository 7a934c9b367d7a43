package io.tidaldb.server.cli.signal;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreOptions;
import io.tidaldb.server.importing.AckLog;
import io.tidaldb.server.importing.AckedEvents;
import io.tidaldb.server.importing.Verification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "verify",
        description = "Reads back what an acknowledgement log promises; exit code 1 unless all of it is there once.")
@SuppressWarnings("NullAway.Init")
final class SignalVerifyCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Option(
            names = "--ack-log",
            required = true,
            paramLabel = "FILE",
            description = "Written by signal import or signal load; can be given several times.")
    private List<Path> ackLogs;

    @Override
    public Integer call() throws IOException {
        AckedEvents acked = new AckedEvents();
        for (Path log : ackLogs) {
            if (Files.isDirectory(log)) {
                throw CliException.usage("--ack-log " + log + " is a directory: expected a file");
            }
            acked.nextLog();
            AckLog.read(log, acked);
        }
        try (Backend backend = store.open(token())) {
            Verification verification = Verification.of(backend.recorded(), acked);
            output().result(verification.toJson());
            return verification.ok() ? ExitCodes.DONE : ExitCodes.FAILED;
        }
    }
}
