package io.tidaldb.core;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** One tenant of an instance on a drill's clock, threads and disk, which can be opened again. */
abstract class OneTenant {

    @TempDir
    Path directory;

    Drill drill;
    Tidal tidal;
    Tenant tenant;

    @BeforeEach
    void open() {
        drill = new Drill(directory);
        tidal = drill.open();
        tenant = tidal.createTenant(Drill.CONFIG);
    }

    void reopen() {
        tidal = drill.open();
        tenant = tidal.tenant(Drill.TENANT).orElseThrow();
    }

    void reopen(Runnable end) {
        end.run();
        reopen();
    }
}
