package io.tidaldb.server.cli.negative;

import io.tidaldb.api.EntityId;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.TenantOptions;
import io.tidaldb.server.cli.option.FreshnessOptions;
import io.tidaldb.server.view.UserView;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", description = "Lists what a user does not want to see.")
@SuppressWarnings("NullAway.Init")
final class NegativeListCommand extends CliCommand {

    @Mixin
    private final TenantOptions tenant = new TenantOptions();

    @Option(names = "--user", required = true, paramLabel = "ID", description = "The user, by number.")
    private String user;

    @Mixin
    private final FreshnessOptions freshness = new FreshnessOptions();

    @Override
    public Integer call() throws IOException {
        EntityId who = EntityId.parse(user);
        output().result(UserView.negatives(
                tenant.ask(token(), (backend, id) -> backend.negatives(id).of(who, freshness.options()))));
        return ExitCodes.DONE;
    }
}
