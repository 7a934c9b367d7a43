package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.auth.Token;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.importing.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Option;

/** Which file of tokens, and how one is shown: never with its secret or hash. */
final class TokenFileOption {

    @Option(names = "--tokens", required = true, paramLabel = "FILE", description = "The file of tokens.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    TokenFile file() {
        return new TokenFile(file);
    }

    TokenFile existing() {
        if (!Files.exists(file)) {
            throw CliException.failed("token file " + file + " does not exist: tidal token create makes it");
        }
        return file();
    }

    static ObjectNode describe(Token token) {
        ObjectNode result = Json.object().put("id", token.id()).put("label", token.label());
        result.put(
                "scopes",
                String.join(
                        ",",
                        token.scopes().stream()
                                .map(scope -> scope.name().toLowerCase(Locale.ROOT))
                                .toList()));
        result.put(
                "tenants",
                String.join(
                        ",",
                        token.tenants().stream()
                                .map(tenant -> Long.toUnsignedString(tenant.value()))
                                .toList()));
        return result.put("created", token.created().toString())
                .put("expires", token.expires() == null ? null : token.expires().toString());
    }
}
