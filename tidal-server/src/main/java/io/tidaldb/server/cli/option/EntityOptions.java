package io.tidaldb.server.cli.option;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.EntityNames;
import io.tidaldb.server.cli.CliException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which entity: exactly one of a number and a name. */
public final class EntityOptions {

    @Option(names = "--entity", paramLabel = "ID", description = "The entity, by number.")
    @Nullable
    private String entity;

    @Option(names = "--name", paramLabel = "NAME", description = "The entity, by name.")
    @Nullable
    private String name;

    /** Returns the entity; refuses both, and neither, as wrong usage. */
    public EntityId id() {
        if ((entity == null) == (name == null)) {
            throw CliException.usage("which entity? Expected one of --entity ID and --name NAME");
        }
        return entity != null ? EntityId.parse(entity) : EntityNames.idOf(String.valueOf(name));
    }

    /** Returns the name, or null if it is a number that was given. */
    public @Nullable String name() {
        return name;
    }

    /** Adds the entity to a result. */
    public void describe(ObjectNode result) {
        result.put("entity", id().toString());
        if (name != null) {
            result.put("entity_name", name);
        }
    }
}
