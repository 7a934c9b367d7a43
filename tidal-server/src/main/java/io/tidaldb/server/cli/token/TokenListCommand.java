package io.tidaldb.server.cli.token;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.TokenView;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "Lists the tokens; what they are can't be told.")
final class TokenListCommand extends CliCommand {

    @Mixin
    private final TokenFileOption tokens = new TokenFileOption();

    @Override
    public Integer call() throws IOException {
        Optional<TokenFile> file = tokens.existing();
        output().result(file.isPresent() ? listed(file.get()) : asked());
        return ExitCodes.DONE;
    }

    private static ObjectNode listed(TokenFile file) {
        ObjectNode result = Json.object();
        ArrayNode all = result.putArray("tokens");
        file.read().forEach(token -> all.add(TokenView.of(token)));
        return result;
    }

    private ObjectNode asked() throws IOException {
        return tokens.ask(token(), Request.get("/v1/tokens"));
    }
}
