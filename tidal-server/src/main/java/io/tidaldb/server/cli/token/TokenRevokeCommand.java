package io.tidaldb.server.cli.token;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "revoke",
        description =
                "Revokes a token, on all nodes of a server's cluster, or in a file: nodes refuse it within a second.")
final class TokenRevokeCommand extends CliCommand {

    @Mixin
    private final TokenFileOption tokens = new TokenFileOption();

    @Parameters(paramLabel = "ID", description = "Which, as list shows it.")
    @SuppressWarnings("NullAway.Init")
    private String id;

    @Override
    public Integer call() throws IOException {
        Optional<TokenFile> file = tokens.existing();
        output().result(file.isPresent() ? revoked(file.get()) : asked());
        return ExitCodes.DONE;
    }

    private ObjectNode revoked(TokenFile file) {
        file.change(before -> {
            if (before.stream().noneMatch(token -> token.id().equals(id))) {
                throw CliException.failed("there is no token with this id: see tidal token list");
            }
            return before.stream().filter(token -> !token.id().equals(id)).toList();
        });
        return Json.object().put("id", id).put("revoked", true);
    }

    private ObjectNode asked() throws IOException {
        return tokens.ask(token(), Request.change("DELETE", "/v1/tokens/" + Request.encoded(id), null));
    }
}
