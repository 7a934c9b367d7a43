package io.tidaldb.server.cli.session;

import io.tidaldb.core.SessionEvent;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "close", description = "Ends a session.")
final class SessionCloseCommand extends CliCommand {

    @Mixin
    private final SessionTarget target = new SessionTarget();

    @Option(
            names = "--number",
            required = true,
            paramLabel = "N",
            description = "The number of this write: that of the last one and one.")
    private int number;

    @Override
    public Integer call() throws IOException {
        output().result(target.write(token(), number, new SessionEvent.Close()));
        return ExitCodes.DONE;
    }
}
