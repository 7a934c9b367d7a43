package io.tidaldb.server.cli.session;

import io.tidaldb.api.EntityId;
import io.tidaldb.core.SessionEvent;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import java.io.IOException;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "write",
        description = "Writes to a session: a preference, a query, an annotation or an interaction.",
        footer = {"", "Exactly one of --preference, --query, --annotation and --interaction."})
@SuppressWarnings("NullAway.Init")
final class SessionWriteCommand extends CliCommand {

    @Mixin
    private final SessionTarget target = new SessionTarget();

    @Option(
            names = "--number",
            required = true,
            paramLabel = "N",
            description = "The number of this write: that of the last one and one.")
    private int number;

    @Option(names = "--preference", paramLabel = "KEY=VALUE", description = "A preference has this value from here on.")
    @Nullable
    private String preference;

    @Option(names = "--query", paramLabel = "TEXT", description = "What the user asked for.")
    @Nullable
    private String query;

    @Option(names = "--annotation", paramLabel = "TEXT", description = "A note on --entity.")
    @Nullable
    private String annotation;

    @Option(
            names = "--interaction",
            paramLabel = "TYPE",
            description = "What the user did with --entity: a declared type of signal.")
    @Nullable
    private String interaction;

    @Option(names = "--entity", paramLabel = "ID", description = "The entity of an annotation or an interaction.")
    @Nullable
    private String entity;

    @Option(names = "--weight", defaultValue = "1.0", description = "Of an interaction (default: ${DEFAULT-VALUE}).")
    private double weight;

    @Override
    public Integer call() throws IOException {
        output().result(target.write(token(), number, event()));
        return ExitCodes.DONE;
    }

    private SessionEvent event() {
        if (Stream.of(preference, query, annotation, interaction)
                        .filter(Objects::nonNull)
                        .count()
                != 1) {
            throw CliException.usage(
                    "what is written? Expected exactly one of --preference, --query, --annotation and --interaction");
        }
        if (preference != null) {
            int equals = preference.indexOf('=');
            if (equals < 1) {
                throw CliException.usage("--preference \"" + preference + "\" is malformed: expected KEY=VALUE");
            }
            return new SessionEvent.Preference(preference.substring(0, equals), preference.substring(equals + 1));
        } else if (query != null) {
            return new SessionEvent.Query(query);
        }
        if (entity == null) {
            throw CliException.usage("which entity? Expected --entity ID with --annotation and --interaction");
        }
        EntityId id = EntityId.parse(entity);
        return annotation != null
                ? new SessionEvent.Annotation(id, annotation)
                : new SessionEvent.Interaction(String.valueOf(interaction), id, weight);
    }
}
