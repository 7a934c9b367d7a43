package io.tidaldb.server.cli.token;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.backend.ServerOptions;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.client.ServerClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Whose tokens: those in a file, or those of a server. */
final class TokenFileOption {

    @Option(
            names = "--tokens",
            paramLabel = "FILE",
            description = "The file of tokens; without it, a server's are meant, and an operator's token is needed.")
    @Nullable
    private Path file;

    @Mixin
    private final ServerOptions server = new ServerOptions();

    /** Returns the file, or nothing if it is a server that is meant. */
    Optional<TokenFile> file() {
        if (file == null) {
            return Optional.empty();
        }
        server.checkNotGiven("--tokens");
        return Optional.of(new TokenFile(file));
    }

    /** As {@link #file}, but the file must be there. */
    Optional<TokenFile> existing() {
        Optional<TokenFile> named = file();
        if (file != null && !Files.exists(file)) {
            throw CliException.failed("token file " + file + " does not exist: tidal token create makes it");
        }
        return named;
    }

    /** Asks the server. */
    ObjectNode ask(@Nullable String token, Request request) throws IOException {
        try (ServerClient client = server.connect(token)) {
            return client.call(request);
        }
    }
}
