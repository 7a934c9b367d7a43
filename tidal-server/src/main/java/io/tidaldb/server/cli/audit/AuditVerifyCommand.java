package io.tidaldb.server.cli.audit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.core.audit.AuditCheck;
import io.tidaldb.core.audit.AuditLine;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "verify",
        description = "Computes the chain again; exit code 1, and the first entry that does not fit, if one does not.",
        footer = {
            "",
            "A server's log must also end where the cluster has agreed that it ends. Of a directory that holds several",
            "nodes, each log is looked at."
        })
final class AuditVerifyCommand extends CliCommand {

    @Mixin
    private final AuditOptions audit = new AuditOptions();

    @Override
    public Integer call() throws IOException {
        ObjectNode result = Json.object().put("ok", true);
        ArrayNode logs = result.putArray("logs");
        List<Path> directories = audit.logs();
        if (directories.isEmpty()) {
            try (AuditSource source = audit.open(token())) {
                add(result, logs, "server", source.check());
            }
        }
        for (Path directory : directories) {
            add(result, logs, directory.toString(), audit.files(directory).check());
        }
        output().result(result);
        return result.path("ok").asBoolean() ? ExitCodes.DONE : ExitCodes.FAILED;
    }

    private static void add(ObjectNode result, ArrayNode logs, String name, AuditCheck check) {
        logs.addObject()
                .put("log", name)
                .put("entries", check.entries())
                .put("chain", AuditLine.hex(check.chain()))
                .put("first_broken", check.broken())
                .put("reason", check.reason());
        if (check.broken() != null) {
            result.put("ok", false);
        }
    }
}
