/** Contract suites and test doubles for authors of plugins. */
module io.tidaldb.testkit {
    requires transitive io.tidaldb.api;
    requires transitive org.junit.jupiter.api;
    requires org.assertj.core;
    requires static org.jspecify;
    requires java.management;
    requires jdk.management;

    exports io.tidaldb.testkit;
    exports io.tidaldb.testkit.disk;
    exports io.tidaldb.testkit.fuzz;

    opens io.tidaldb.testkit to
            org.junit.platform.commons;
    opens io.tidaldb.testkit.fuzz to
            org.junit.platform.commons;
}
