package io.tidaldb.server.node;

import io.tidaldb.api.TidalException;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.StopSignal;
import io.tidaldb.server.config.NodeConfiguration;
import io.tidaldb.server.config.NodeConfigurationFile;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** One node in the foreground. */
@Command(
        name = "node",
        description =
                "Runs one node in the foreground; prints a line that begins with READY when it serves. SIGTERM drains it.")
public final class NodeCommand extends CliCommand {

    private static final Logger LOG = LoggerFactory.getLogger(NodeCommand.class);

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The node's configuration, YAML.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(
            names = "--probe",
            description =
                    "Run none, but ask the one on this machine that has this configuration whether it serves; exit code 1 if not.")
    private boolean probe;

    @Override
    public Integer call() throws InterruptedException {
        NodeConfiguration configuration = NodeConfigurationFile.read(file, System.getenv());
        if (probe) {
            NodeProbe.ask(configuration);
            return ExitCodes.DONE;
        }
        NodeLogging.install();
        AtomicReference<@Nullable TidalException> failed = new AtomicReference<>();
        try (StopSignal stop = StopSignal.install()) {
            // Nothing is acknowledged before it serves, and others may be waited for until then.
            stop.endAtOnce(true);
            try (NodeProcess node = NodeProcess.start(configuration)) {
                stop.endAtOnce(false);
                output().out().println(node.readyLine(ProcessHandle.current().pid()));
                output().end();
                LOG.info("node {} serves on {}", configuration.node(), node.http());
                var unused = node.failure().thenAccept(reason -> {
                    failed.set(reason);
                    stop.giveUp();
                });
                stop.await();
                LOG.info("node {} drains", configuration.node());
            }
            TidalException reason = failed.get();
            if (reason != null) {
                throw new TidalException(
                        reason.code(),
                        "node " + configuration.node() + " ends, as it can't decide anything any more: "
                                + reason.getMessage() + "; nothing that was acknowledged is lost: start it again",
                        reason);
            }
            LOG.info("node {} has stopped", configuration.node());
            return stop.finished(ExitCodes.DONE);
        }
    }
}
