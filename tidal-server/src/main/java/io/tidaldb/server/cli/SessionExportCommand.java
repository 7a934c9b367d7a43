package io.tidaldb.server.cli;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "export",
        description =
                "Prints all that users did in sessions, hid and withdrew, as NDJSON, as it is in a tenant's logs.",
        footer = {
            "",
            "Log by log, each in order; hlc orders lines of different logs, number those of a session. Exit code 1, and a",
            "line on standard error, if it is not all."
        })
@SuppressWarnings("NullAway.Init")
final class SessionExportCommand extends CliCommand {

    @Mixin
    private final StoreOptions store = new StoreOptions();

    @Option(names = "--tenant", required = true, paramLabel = "T", description = "Number or label.")
    private String tenant;

    @Override
    public Integer call() throws IOException {
        try (Backend backend = store.open(token())) {
            TenantId id = backend.named(tenant);
            try {
                if (!backend.recorded().exportActs(id, output()::line)) {
                    throw new TidalException(ErrorCode.TENANT_NOT_FOUND, "tenant " + id + " does not exist");
                }
            } finally {
                output().end();
            }
            return ExitCodes.DONE;
        }
    }
}
