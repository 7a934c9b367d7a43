package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.importing.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "Lists the tokens; what they are can't be told.")
final class TokenListCommand extends CliCommand {

    @Mixin
    private final TokenFileOption tokens = new TokenFileOption();

    @Override
    public Integer call() {
        ObjectNode result = Json.object();
        ArrayNode all = result.putArray("tokens");
        tokens.existing().read().forEach(token -> all.add(TokenFileOption.describe(token)));
        output().result(result);
        return ExitCodes.DONE;
    }
}
