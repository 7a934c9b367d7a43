/** Contract suites and test doubles for authors of plugins. */
module io.tidaldb.testkit {
    requires transitive io.tidaldb.api;
    requires transitive org.junit.jupiter.api;
    requires org.assertj.core;
    requires static org.jspecify;

    exports io.tidaldb.testkit;
    exports io.tidaldb.testkit.disk;

    opens io.tidaldb.testkit to
            org.junit.platform.commons;
}
