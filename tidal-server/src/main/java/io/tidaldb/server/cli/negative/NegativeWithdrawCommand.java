package io.tidaldb.server.cli.negative;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.TenantOptions;
import io.tidaldb.server.cli.option.EntityOptions;
import io.tidaldb.server.cli.option.WriteChoice;
import io.tidaldb.server.importing.Json;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "withdraw",
        description = "Withdraws what was hidden, muted or blocked: all of a kind that is there, or the records named.")
@SuppressWarnings("NullAway.Init")
final class NegativeWithdrawCommand extends CliCommand {

    @Mixin
    private final TenantOptions tenant = new TenantOptions();

    @Option(names = "--user", required = true, paramLabel = "ID", description = "The user, by number.")
    private String user;

    @Mixin
    private final EntityOptions entity = new EntityOptions();

    @Option(
            names = "--kind",
            defaultValue = "HIDE",
            paramLabel = "KIND",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private NegativeKind kind;

    @Option(
            names = "--record",
            split = ",",
            paramLabel = "POSITION",
            description = "What to withdraw, as tidal negative list names it (default: all that is there).")
    @Nullable
    private List<String> records;

    @Mixin
    private final WriteChoice write = new WriteChoice();

    @Override
    public Integer call() throws IOException {
        EntityId who = EntityId.parse(user);
        EntityId what = entity.id();
        List<WalSegmentId> named = records == null
                ? null
                : records.stream().map(WalSegmentId::parse).toList();
        Position position = tenant.ask(token(), (backend, id) -> {
            HardNegatives negatives = backend.negatives(id);
            return named == null
                    ? negatives.withdraw(kind, who, what, write.options())
                    : negatives.withdraw(kind, who, what, named, write.options());
        });
        ObjectNode result =
                Json.object().put("kind", kind.name().toLowerCase(Locale.ROOT)).put("user", who.toString());
        entity.describe(result);
        output().result(result.put("position", position.toString()));
        return ExitCodes.DONE;
    }
}
