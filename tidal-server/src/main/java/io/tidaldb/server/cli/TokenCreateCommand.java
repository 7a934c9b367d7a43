package io.tidaldb.server.cli;

import io.tidaldb.api.TenantId;
import io.tidaldb.server.auth.Scope;
import io.tidaldb.server.auth.TokenIssue;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "create", description = "Makes a token and prints it, once: only its hash is kept.")
final class TokenCreateCommand extends CliCommand {

    @Mixin
    private final TokenFileOption tokens = new TokenFileOption();

    @Option(
            names = "--scope",
            required = true,
            split = ",",
            paramLabel = "operator|read|write",
            description = "What it allows.")
    @SuppressWarnings("NullAway.Init")
    private List<Scope> scopes;

    @Option(names = "--tenant", split = ",", paramLabel = "N", description = "Whom reading and writing are about.")
    private List<String> tenants = List.of();

    @Option(names = "--label", paramLabel = "TEXT", description = "What it is for.")
    private String label = "";

    @Option(
            names = "--expires-in",
            converter = DurationText.class,
            paramLabel = "90d",
            description = "For how long it is valid (default: until it is revoked).")
    @Nullable
    private Duration lifetime;

    @Override
    public Integer call() {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        TokenIssue issue = TokenIssue.into(
                tokens.file(),
                label,
                scopes,
                tenants.stream().map(TenantId::parse).toList(),
                now,
                lifetime == null ? null : now.plus(lifetime));
        output().result(TokenFileOption.describe(issue.token()).put("token", issue.secret()));
        return ExitCodes.DONE;
    }
}
