package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.plugin.PluginDescription;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One combination of plugins, all of them by name, on which every scenario of the matrix runs. */
record Cell(String wal, String transport, String limiter, String placement) {

    private static final String LIMITER = "token-bucket";
    private static final String PLACEMENT = "rendezvous";

    /** With the limiter and the placement policy that are built in. */
    Cell(String wal, String transport) {
        this(wal, transport, LIMITER, PLACEMENT);
    }

    /**
     * Returns every durable log store on the class path with every transport; and the first of them with another limiter and another
     * placement policy.
     */
    static List<Cell> all() {
        List<Cell> cells = new ArrayList<>();
        try (PluginCatalog catalog = PluginCatalog.discover(null)) {
            // Otherwise a plugin that broke would make the matrix smaller, and the build would pass.
            assertThat(catalog.list()).allMatch(plugin -> plugin.refused() == null);
            for (String wal : names(catalog, "wal")) {
                if (catalog.choose(WalStoreFactory.class, wal).durable()) {
                    names(catalog, "transport").forEach(transport -> cells.add(new Cell(wal, transport)));
                }
            }
        }
        Cell first = cells.get(0);
        cells.add(new Cell(first.wal, first.transport, ExactBuckets.NAME, PlacementByTurns.NAME));
        return List.copyOf(cells);
    }

    /** Returns the cells to run: those that {@code -Dtidal.matrix=file/inproc,rocks/netty} names, or all. */
    static List<Cell> chosen() {
        String wanted = System.getProperty("tidal.matrix", "");
        List<Cell> all = all();
        if (wanted.isEmpty()) {
            return all;
        }
        List<String> names = Arrays.asList(wanted.split(","));
        assertThat(all).extracting(Cell::toString).as("cells that there are").containsAll(names);
        return all.stream().filter(cell -> names.contains(cell.toString())).toList();
    }

    /** Returns the log stores of the cells to run, for scenarios of one node that are too long to run on every transport. */
    static List<String> durableStores() {
        return chosen().stream().map(Cell::wal).distinct().toList();
    }

    private static List<String> names(PluginCatalog catalog, String kind) {
        return catalog.list().stream()
                .filter(plugin -> plugin.kind().equals(kind))
                .map(PluginDescription::name)
                .sorted()
                .toList();
    }

    /** Starts to configure an instance of this cell. */
    TidalBuilder builder(Path directory) {
        return in(Tidal.builder().dataDir(directory));
    }

    /** Makes an instance that is being configured one of this cell. */
    TidalBuilder in(TidalBuilder builder) {
        return builder.wal(wal).transport(transport).limiter(limiter).placement(placement);
    }

    /** Returns a new factory of the log store. */
    WalStoreFactory stores() {
        return PluginCatalog.discover(null).choose(WalStoreFactory.class, wal);
    }

    @Override
    public String toString() {
        String backends = wal + "/" + transport;
        return limiter.equals(LIMITER) ? backends : backends + "/" + limiter + "/" + placement;
    }
}
