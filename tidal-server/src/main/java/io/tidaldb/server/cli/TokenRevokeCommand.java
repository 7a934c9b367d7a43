package io.tidaldb.server.cli;

import io.tidaldb.server.importing.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "revoke", description = "Removes a token: nodes refuse it within a second.")
final class TokenRevokeCommand extends CliCommand {

    @Mixin
    private final TokenFileOption tokens = new TokenFileOption();

    @Parameters(paramLabel = "ID", description = "Which, as list shows it.")
    @SuppressWarnings("NullAway.Init")
    private String id;

    @Override
    public Integer call() {
        tokens.existing().change(before -> {
            if (before.stream().noneMatch(token -> token.id().equals(id))) {
                throw CliException.failed("there is no token with this id: see tidal token list");
            }
            return before.stream().filter(token -> !token.id().equals(id)).toList();
        });
        output().result(Json.object().put("id", id).put("revoked", true));
        return ExitCodes.DONE;
    }
}
