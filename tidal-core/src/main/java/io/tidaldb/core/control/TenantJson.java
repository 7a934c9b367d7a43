package io.tidaldb.core.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TidalException;

/** A tenant's configuration as it stands in commands: without its label. */
public final class TenantJson {

    private TenantJson() {}

    /** Writes the fields of a configuration. */
    public static void put(ObjectNode json, TenantConfig config) {
        CommandCodec.putConfig(json, config);
    }

    /**
     * Reads what {@link #put} writes.
     *
     * @throws TidalException INVALID_ARGUMENT, or IllegalArgumentException, if a value is malformed or out of range
     */
    public static TenantConfig config(JsonNode json) {
        return CommandCodec.config(json);
    }
}
