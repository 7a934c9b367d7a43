package io.tidaldb.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tables by name, in the order in which they are measured. */
final class Tables {

    /** Chronicle Queue needs these, nothing else does. */
    private static final List<String> OPENED = List.of(
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED");

    /** It draws, but for nobody who sits there. */
    private static final List<String> HEADLESS = List.of("-Djava.awt.headless=true");

    private static final Map<String, Definition> ALL = all();

    private Tables() {}

    private interface Making {

        /**
         * Makes an empty table.
         *
         * @param command what runs nodes
         * @param quick whether there is little time
         */
        Table make(String command, boolean quick);
    }

    private record Definition(int heapGibibytes, List<String> javaOptions, Making making) {}

    private static Map<String, Definition> all() {
        Map<String, Definition> all = new LinkedHashMap<>();
        all.put("commit", new Definition(2, OPENED, (command, quick) -> LogTables.commit()));
        all.put("async", new Definition(2, OPENED, (command, quick) -> LogTables.async()));
        all.put("pipelined", new Definition(2, OPENED, (command, quick) -> LogTables.pipelined()));
        all.put("unsynced", new Definition(2, OPENED, (command, quick) -> LogTables.unsynced()));
        all.put("growth", new Definition(4, HEADLESS, (command, quick) -> GrowthTable.growth()));
        all.put("limiter", new Definition(1, List.of(), (command, quick) -> MicroTables.limiter()));
        all.put("route", new Definition(1, List.of(), (command, quick) -> MicroTables.route()));
        all.put("ledger", new Definition(4, List.of(), (command, quick) -> LedgerTables.ledger()));
        all.put("recovery", new Definition(4, List.of(), (command, quick) -> LedgerTables.recovery(quick)));
        all.put("replication", new Definition(1, List.of(), (command, quick) -> NetworkTables.replication(command)));
        all.put("replicas", new Definition(2, List.of(), (command, quick) -> NetworkTables.replicas()));
        all.put("transport", new Definition(1, List.of(), (command, quick) -> TransportTables.transport()));
        all.put("neighbour", new Definition(2, List.of(), (command, quick) -> NeighbourTables.neighbours()));
        all.put("top", new Definition(2, List.of(), (command, quick) -> LedgerTables.top()));
        all.put("http", new Definition(2, List.of(), (command, quick) -> NetworkTables.http(command)));
        all.put("load", new Definition(1, List.of(), (command, quick) -> NetworkTables.load(command)));
        all.put("encryption", new Definition(2, List.of(), (command, quick) -> LogTables.encryption()));
        all.put("rocks", new Definition(2, List.of(), (command, quick) -> LogTables.rocks()));
        return all;
    }

    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /** Returns the first lines of all of them. */
    static List<String> headings() {
        return ALL.values().stream()
                .map(definition -> definition.making.make("", true).heading())
                .toList();
    }

    /** Returns what its process needs. */
    static List<String> javaOptions(String name) {
        Definition definition = definition(name);
        List<String> options = new ArrayList<>(definition.javaOptions);
        options.add("-Xms" + definition.heapGibibytes + "g");
        options.add("-Xmx" + definition.heapGibibytes + "g");
        return options;
    }

    static Table of(String name, String command, boolean quick) {
        return definition(name).making.make(command, quick);
    }

    private static Definition definition(String name) {
        Definition definition = ALL.get(name);
        if (definition == null) {
            throw new IllegalArgumentException("no table is named \"" + name + "\"; expected one of " + names());
        }
        return definition;
    }
}
