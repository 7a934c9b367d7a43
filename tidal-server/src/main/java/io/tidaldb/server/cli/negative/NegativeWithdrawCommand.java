package io.tidaldb.server.cli.negative;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.WalSegmentId;
import io.tidaldb.core.HardNegatives;
import io.tidaldb.core.NegativeKind;
import io.tidaldb.core.Position;
import io.tidaldb.core.WriteOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "withdraw",
        description = "Withdraws what was hidden, muted or blocked: all of a kind that is there, or the records named.")
@SuppressWarnings("NullAway.Init")
final class NegativeWithdrawCommand extends NegativeWriteCommand {

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

    @Override
    NegativeKind kind() {
        return kind;
    }

    @Override
    Position write(HardNegatives negatives, EntityId who, EntityId what, WriteOptions options) {
        return records == null
                ? negatives.withdraw(kind, who, what, options)
                : negatives.withdraw(
                        kind,
                        who,
                        what,
                        records.stream().map(WalSegmentId::parse).toList(),
                        options);
    }
}
