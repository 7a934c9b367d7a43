package io.tidaldb.server.cli.audit;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.audit.AuditLine;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "export", description = "Prints all entries as NDJSON, as they are in the files.")
final class AuditExportCommand extends CliCommand {

    @Mixin
    private final AuditOptions audit = new AuditOptions();

    @Option(
            names = "--from",
            defaultValue = "1",
            paramLabel = "N",
            description = "Number of the first entry (default: ${DEFAULT-VALUE}).")
    private long from;

    @Option(names = "--tenant", paramLabel = "N", description = "A tenant's entries only; its number.")
    @Nullable
    private String tenant;

    @Override
    public Integer call() throws IOException {
        if (from < 1) {
            throw CliException.usage("--from " + from + " is out of range: expected the number of an entry, from 1");
        }
        TenantId whose = tenant == null ? null : TenantId.parse(tenant);
        try (AuditSource source = audit.open(token())) {
            source.entries(from, whose, entry -> output().line(AuditLine.object(entry)));
        } finally {
            output().end();
        }
        return ExitCodes.DONE;
    }
}
