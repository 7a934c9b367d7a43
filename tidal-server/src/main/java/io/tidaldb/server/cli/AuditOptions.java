package io.tidaldb.server.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say which audit log a command reads. */
final class AuditOptions {

    private static final String AUDIT = "audit";

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "Read the files in a node's directory, or in one that holds several; they are not locked.")
    @Nullable
    private Path directory;

    @Mixin
    private final ServerOptions server = new ServerOptions();

    /** Opens the one log that is meant. */
    AuditSource open(@Nullable String token) throws IOException {
        List<Path> logs = logs();
        if (logs.size() > 1) {
            throw CliException.usage(directory + " holds the audit logs of several nodes: expected one of " + logs);
        }
        return logs.isEmpty()
                ? new AuditSource.Server(server.connect(token))
                : new AuditSource.Files(logs.get(0).resolve(AUDIT));
    }

    /** Returns the directories of nodes that have an audit log; none if it is a server's that is meant. */
    List<Path> logs() throws IOException {
        if (directory == null) {
            return List.of();
        }
        server.checkNotGiven("--data-dir");
        if (!Files.isDirectory(directory)) {
            throw CliException.usage(directory + (Files.exists(directory) ? " is not a directory" : " does not exist")
                    + ": expected a data directory");
        }
        if (Files.isDirectory(directory.resolve(AUDIT))) {
            return List.of(directory);
        }
        try (Stream<Path> children = Files.list(directory)) {
            List<Path> nodes = children.filter(child -> Files.isDirectory(child.resolve(AUDIT)))
                    .sorted()
                    .toList();
            if (nodes.isEmpty()) {
                throw CliException.failed("there is no audit log in " + directory
                        + ": expected the directory of a node that has run this version, or of several");
            }
            return nodes;
        }
    }
}
