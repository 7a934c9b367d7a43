package io.tidaldb.server.cli.token;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantId;
import io.tidaldb.server.auth.Scope;
import io.tidaldb.server.auth.TokenFile;
import io.tidaldb.server.auth.TokenIssue;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.client.Request;
import io.tidaldb.server.importing.Json;
import io.tidaldb.server.view.TokenView;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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
    public Integer call() throws IOException {
        Optional<TokenFile> file = tokens.file();
        output().result(file.isPresent() ? issued(file.get()) : asked());
        return ExitCodes.DONE;
    }

    private ObjectNode issued(TokenFile file) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        TokenIssue issue = TokenIssue.into(
                file,
                label,
                scopes,
                tenants.stream().map(TenantId::parse).toList(),
                now,
                lifetime == null ? null : now.plus(lifetime));
        return TokenView.of(issue.token()).put("token", issue.secret());
    }

    private ObjectNode asked() throws IOException {
        ObjectNode wanted = Json.object().put("label", label);
        ArrayNode allowed = wanted.putArray("scopes");
        scopes.forEach(scope -> allowed.add(scope.name().toLowerCase(Locale.ROOT)));
        tenants.forEach(wanted.putArray("tenants")::add);
        if (lifetime != null) {
            wanted.put("expires_in", DurationText.print(lifetime));
        }
        return tokens.ask(token(), Request.change("POST", "/v1/tokens", wanted));
    }
}
