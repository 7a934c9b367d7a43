package io.tidaldb.server.cli.audit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.core.audit.AuditEntry;
import io.tidaldb.core.audit.AuditLine;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", description = "Shows the newest entries, or those from a number on.")
final class AuditListCommand extends CliCommand {

    private static final int MAX_LIMIT = 100_000;

    @Mixin
    private final AuditOptions audit = new AuditOptions();

    @Option(names = "--from", paramLabel = "N", description = "Number of the first entry to show, from 1.")
    @Nullable
    private Long from;

    @Option(
            names = "--limit",
            defaultValue = "50",
            paramLabel = "N",
            description = "How many at most (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Option(names = "--tenant", paramLabel = "N", description = "A tenant's entries only; its number.")
    @Nullable
    private String tenant;

    @Override
    public Integer call() throws IOException {
        if (limit < 1 || limit > MAX_LIMIT) {
            throw CliException.usage("--limit " + limit + " is out of range: expected 1 to " + MAX_LIMIT);
        }
        if (from != null && from < 1) {
            throw CliException.usage("--from " + from + " is out of range: expected 1 or more");
        }
        TenantId whose = tenant == null ? null : TenantId.parse(tenant);
        Deque<AuditEntry> shown = new ArrayDeque<>();
        try (AuditSource source = audit.open(token())) {
            source.entries(begin(source, whose), whose, entry -> {
                if (from == null || shown.size() < limit) {
                    shown.addLast(entry);
                }
                if (shown.size() > limit) {
                    shown.removeFirst();
                }
            });
        }
        ObjectNode result = Json.object();
        ArrayNode entries = result.putArray("entries");
        shown.forEach(entry -> entries.add(output().json() ? AuditLine.object(entry) : row(entry)));
        output().result(result);
        return ExitCodes.DONE;
    }

    private long begin(AuditSource source, @Nullable TenantId whose) {
        if (from != null) {
            return from;
        }
        return whose == null ? Math.max(1, source.newest() - limit + 1) : 1;
    }

    private static ObjectNode row(AuditEntry entry) {
        TenantId about = entry.tenant();
        String what = entry.about();
        return Json.object()
                .put("number", entry.number())
                .put("at", entry.at().toString())
                .put("who", entry.actor().who())
                .put("from", entry.actor().from())
                .put("command", entry.command())
                .put(
                        "about",
                        what == null
                                ? about == null ? null : about.toString()
                                : about == null ? what : about + " " + what)
                .put("before", entry.before())
                .put("after", entry.after())
                .put("refused", entry.reason() == null ? entry.refused() : entry.reason());
    }
}
