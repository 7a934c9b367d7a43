package io.tidaldb.server.cli.cluster;

import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.cluster.ClusterHome;
import io.tidaldb.server.cluster.LocalCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "down",
        description = "Drains and ends the nodes that cluster up started; returns when they have ended.",
        footer = {"", "Exit code 1 if one has not."})
@SuppressWarnings("NullAway.Init")
final class ClusterDownCommand extends CliCommand {

    @Option(names = "--data-dir", required = true, paramLabel = "DIR", description = "As cluster up was given it.")
    private Path directory;

    @Option(
            names = "--timeout",
            defaultValue = "70s",
            converter = DurationText.class,
            paramLabel = "70s",
            description = "How long to wait (default: ${DEFAULT-VALUE}, longer than a node takes at most).")
    private Duration timeout;

    @Option(names = "--force", description = "Kill those that have not ended then.")
    private boolean force;

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<LocalCluster.Outcome> outcomes =
                new LocalCluster(new ClusterHome(directory), output()::note).stop(timeout, force);
        output().result(ClusterUpCommand.describe(outcomes));
        String left = outcomes.stream()
                .filter(outcome -> outcome.state().equals("running"))
                .map(outcome -> outcome.node().name() + " as process " + outcome.pid())
                .collect(Collectors.joining(", "));
        if (!left.isEmpty()) {
            throw CliException.failed("still running after " + DurationText.print(timeout) + ": " + left
                    + (force ? "" : "; wait longer with --timeout, or kill with --force"));
        }
        return ExitCodes.DONE;
    }
}
