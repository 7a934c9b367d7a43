package io.tidaldb.server.cli.audit;

import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.backend.ServerOptions;
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
    private static final String ACCESS = "access";

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "Read the files in a node's directory, or in one that holds several; they are not locked.")
    @Nullable
    private Path directory;

    @Option(
            names = "--access",
            description = "Read the access log of a node instead: what operators asked of it, and whom it has refused.")
    private boolean access;

    @Mixin
    private final ServerOptions server = new ServerOptions();

    /** Opens the one log that is meant. */
    AuditSource open(@Nullable String token) throws IOException {
        List<Path> logs = logs();
        if (logs.size() > 1) {
            throw CliException.usage(directory + " holds the audit logs of several nodes: expected one of " + logs);
        }
        return logs.isEmpty() ? new AuditSource.Server(server.connect(token), access) : files(logs.get(0));
    }

    /** Returns the log in the directory of a node. */
    AuditSource files(Path node) {
        return new AuditSource.Files(node.resolve(name()), access);
    }

    private String name() {
        return access ? ACCESS : AUDIT;
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
        if (Files.isDirectory(directory.resolve(name()))) {
            return List.of(directory);
        }
        try (Stream<Path> children = Files.list(directory)) {
            List<Path> nodes = children.filter(child -> Files.isDirectory(child.resolve(name())))
                    .sorted()
                    .toList();
            if (nodes.isEmpty()) {
                throw CliException.failed("there is no " + name() + " log in " + directory
                        + ": expected the directory of a node that has run this version, or of several");
            }
            return nodes;
        }
    }
}
