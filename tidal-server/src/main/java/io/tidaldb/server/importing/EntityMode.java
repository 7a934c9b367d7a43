package io.tidaldb.server.importing;

/** What entities are in a file; the same for all of it, never decided by a value. */
public enum EntityMode {
    /** Unsigned 64-bit decimal numbers. */
    ID,
    /** Names, from which the ids follow. */
    NAME,
    /** The field says: {@code entity} is a number, {@code entity_name} a name. */
    BY_FIELD
}
