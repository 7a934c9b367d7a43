package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.EntityId;
import io.tidaldb.core.EntityNames;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which entity: exactly one of a number and a name. */
final class EntityOptions {

    @Option(names = "--entity", paramLabel = "ID", description = "The entity, by number.")
    @Nullable
    private String entity;

    @Option(names = "--name", paramLabel = "NAME", description = "The entity, by name.")
    @Nullable
    private String name;

    EntityId id() {
        if ((entity == null) == (name == null)) {
            throw CliException.usage("which entity? Expected one of --entity ID and --name NAME");
        }
        return entity != null ? EntityId.parse(entity) : EntityNames.idOf(String.valueOf(name));
    }

    @Nullable
    String name() {
        return name;
    }

    /** Adds the entity to a result. */
    void describe(ObjectNode result) {
        result.put("entity", id().toString());
        if (name != null) {
            result.put("entity_name", name);
        }
    }
}
