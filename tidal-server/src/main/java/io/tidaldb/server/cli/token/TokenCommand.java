package io.tidaldb.server.cli.token;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Commands about API tokens. */
@Command(
        name = "token",
        description =
                "API tokens: in the file that auth.tokens names, whose changes a running node follows within a second, or of a server.",
        subcommands = {TokenCreateCommand.class, TokenListCommand.class, TokenRevokeCommand.class})
public final class TokenCommand extends CommandGroup {}
