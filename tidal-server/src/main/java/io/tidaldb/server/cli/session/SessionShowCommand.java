package io.tidaldb.server.cli.session;

import io.tidaldb.core.SessionId;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.TenantOptions;
import io.tidaldb.server.cli.option.FreshnessOptions;
import io.tidaldb.server.view.UserView;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "show", description = "Shows a session: what was written to it, in order, and its preferences now.")
@SuppressWarnings("NullAway.Init")
final class SessionShowCommand extends CliCommand {

    @Mixin
    private final TenantOptions tenant = new TenantOptions();

    @Option(names = "--session", required = true, paramLabel = "ID", description = "The session.")
    private String session;

    @Mixin
    private final FreshnessOptions freshness = new FreshnessOptions();

    @Override
    public Integer call() throws IOException {
        SessionId id = SessionId.parse(session);
        output().result(UserView.session(
                tenant.ask(token(), (backend, which) -> backend.sessions(which).read(id, freshness.options()))));
        return ExitCodes.DONE;
    }
}
