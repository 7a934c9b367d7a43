package io.tidaldb.server.cli.session;

import io.tidaldb.api.EntityId;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "start", description = "Starts a session of a user: its write number 1.")
@SuppressWarnings("NullAway.Init")
final class SessionStartCommand extends CliCommand {

    @Mixin
    private final SessionTarget target = new SessionTarget();

    @Option(names = "--user", required = true, paramLabel = "ID", description = "The user, by number.")
    private String user;

    @Override
    public Integer call() throws IOException {
        output().result(target.write(token(), 1, new SessionEvent.Start(EntityId.parse(user))));
        return ExitCodes.DONE;
    }
}
