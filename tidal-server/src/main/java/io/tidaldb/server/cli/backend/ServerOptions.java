package io.tidaldb.server.cli.backend;

import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.client.ServerClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which server a command talks to, and how. */
public final class ServerOptions {

    private static final String DEFAULT = "http://127.0.0.1:7400";

    @Option(
            names = "--server",
            paramLabel = "URL[,URL...]",
            description = {
                "Talk to the first of these nodes that can be reached. Default, without --data-dir:",
                DEFAULT + "."
            })
    @Nullable
    private String urls;

    @Option(
            names = "--cacert",
            paramLabel = "FILE",
            description = "Believe the certificates in this PEM file, beside those that the system believes.")
    @Nullable
    private Path certificates;

    /** Returns whether it is a server that the command works on; both together make no sense. */
    boolean isChosenOver(DataDirectory directory) {
        if (!directory.isNamed()) {
            directory.checkUnnamed();
            return true;
        }
        checkNotGiven("--data-dir");
        return false;
    }

    /** Refuses these options where another one says that no server is meant. */
    public void checkNotGiven(String other) {
        if (urls != null || certificates != null) {
            throw CliException.usage((urls != null ? "--server" : "--cacert") + " and " + other
                    + " exclude each other: expected a server or "
                    + (other.equals("--tokens") ? "a file" : "a directory"));
        }
    }

    /** Returns a client of servers that another option names, which is the caller's to close. */
    public ServerClient connectTo(String others, @Nullable String token) throws IOException {
        if (urls != null) {
            throw CliException.usage("--server and --data-dir exclude each other: expected a server or a directory");
        }
        return new ServerClient(others, token, certificates);
    }

    /** Returns the URLs one by one. */
    public List<String> each() {
        return List.of((urls == null ? DEFAULT : urls).split(",", -1));
    }

    /** Returns a client of one of {@link #each}, which is the caller's to close. */
    public ServerClient connectToOne(String url, @Nullable String token) throws IOException {
        return new ServerClient(url, token, certificates);
    }

    /** Returns a client, which is the caller's to close. */
    public ServerClient connect(@Nullable String token) throws IOException {
        return new ServerClient(urls == null ? DEFAULT : urls, token, certificates);
    }
}
