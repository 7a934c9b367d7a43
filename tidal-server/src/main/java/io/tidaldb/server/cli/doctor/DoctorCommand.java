package io.tidaldb.server.cli.doctor;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TidalException;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.config.NodeConfigurationFile;
import io.tidaldb.server.importing.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Whether a node can run here. */
@Command(
        name = "doctor",
        description = "Checks this machine, and the configuration of a node, and says what to do.",
        footer = {"", "Exit code 1 if something must be done before a node can serve. Changes nothing."})
public final class DoctorCommand extends CliCommand {

    @Option(names = "--config", paramLabel = "FILE", description = "The node's configuration, YAML.")
    @Nullable
    private Path file;

    @Override
    public Integer call() {
        List<Finding> findings = new ArrayList<>(MachineChecks.all());
        NodeConfiguration configuration = configuration(findings);
        if (configuration != null) {
            findings.addAll(ConfigurationChecks.all(configuration));
        }
        boolean ok = findings.stream().noneMatch(finding -> finding.state() == Finding.State.BAD);
        ObjectNode result = Json.object().put("ok", ok);
        ArrayNode checks = result.putArray("checks");
        findings.forEach(finding -> checks.addObject()
                .put("check", finding.check())
                .put("state", finding.state().name())
                .put("found", finding.found())
                .put("do", finding.advice()));
        output().result(result);
        return ok ? ExitCodes.DONE : ExitCodes.FAILED;
    }

    private @Nullable NodeConfiguration configuration(List<Finding> findings) {
        if (file == null) {
            return null;
        }
        try {
            return NodeConfigurationFile.read(file, System.getenv());
        } catch (TidalException e) {
            findings.add(Finding.bad("configuration", String.valueOf(e.getMessage()), "correct it"));
            return null;
        }
    }
}
