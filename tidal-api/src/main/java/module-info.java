/** Identities, tenant configuration, exceptions and the plugin interfaces of Tidal. */
module io.tidaldb.api {
    requires static transitive org.jspecify;

    exports io.tidaldb.api;
    exports io.tidaldb.api.control;
    exports io.tidaldb.api.key;
    exports io.tidaldb.api.limit;
    exports io.tidaldb.api.placement;
    exports io.tidaldb.api.transport;
    exports io.tidaldb.api.wal;
}
