package io.tidaldb.bench;

import io.tidaldb.api.Durability;
import java.util.Locale;

/** Records on one disk: waiting writers, writers that run ahead over one and many tenants, and records that wait for no sync. */
final class LogTables {

    private static final int RECORD_BYTES = 64;
    private static final String REFERENCE = "ref-writer";
    private static final String STORE = "log store";
    private static final String TIDAL = "tidal";
    private static final String PEERS =
            "`rocksdb`: " + RocksSink.SETTINGS + ". `chronicle-queue`: " + ChronicleSink.SETTINGS + ".";
    private static final String CONTENDERS =
            " `ref-writer` is the limit: a prewritten file, one thread, one `write` and one `fdatasync` a group, no tenants, not readable."
                    + " `log store` is the plugin `file` in the reference's harness; `tidal` is the embedded API, a signal of 21 bytes"
                    + " with its quota, route, log and fold.";

    private LogTables() {}

    static Table commit() {
        Table table = new Table(
                "Durable records, waiting writers",
                "Each writer appends a record of 64 bytes, waits until it is durable, and appends the next."
                        + CONTENDERS + " " + PEERS,
                Figure.RATE);
        for (int tenants : new int[] {1, 1000}) {
            table.add(durable(1, 1, tenants).target(Target.rateOfReference(TIDAL, 0.95)));
            table.add(durable(8, 1, tenants).target(Target.rateOfReference(TIDAL, 0.9)));
            table.add(durable(64, 1, tenants).target(Target.rateOfReference(TIDAL, 0.9)));
        }
        return table;
    }

    static Table async() {
        Table table = new Table(
                "Durable records, asynchronous acknowledgements, over tenants",
                "One writer with so many records under way, spread over so many tenants." + CONTENDERS + " `"
                        + FilePerTenantSink.NAME
                        + "` is what a shared journal saves: growing files, 64 threads that sync them.",
                Figure.RATE);
        for (int window : new int[] {64, 2048}) {
            for (int tenants : new int[] {1, 10, 100, 1000}) {
                table.add(named(
                                String.format(Locale.ROOT, "%,d under way, %,d tenants", window, tenants),
                                1,
                                window,
                                tenants)
                        .add(
                                FilePerTenantSink.NAME,
                                directory -> new SinkContender(
                                        new FilePerTenantSink(directory, tenants, RECORD_BYTES), 1, window, tenants))
                        .target(Target.rateOfReference(TIDAL, 0.8)));
            }
        }
        return table;
    }

    static Table pipelined() {
        Table table = new Table(
                "Durable records, pipelined",
                "So many writers, each with 256 records under way, over 10 tenants." + CONTENDERS + " " + PEERS,
                Figure.RATE);
        table.add(durable(8, 256, 10).target(Target.rateOfReference(TIDAL, 0.8)));
        table.add(durable(64, 256, 10).target(Target.rateOfReference(TIDAL, 0.7)));
        return table;
    }

    static Table unsynced() {
        return new Table(
                        "Records that wait for no sync",
                        "One writer, one record after the other, acknowledged before it is synced. `ref-writer` is one `write` of a block"
                                + " to a prewritten file; `log store` one `append` of a batch of one record; `tidal` is a signal at `ASYNC`."
                                + " The peers as above, with nothing synced.",
                        Figure.RATE)
                .add(new Workload("64 B, 1 writer")
                        .add(
                                REFERENCE,
                                directory -> new AppendContender(new ReferenceSink(directory, RECORD_BYTES, 1, false)))
                        .add(
                                STORE,
                                directory -> new AppendContender(
                                        new StoreSink("file", directory, 1, RECORD_BYTES, 1, false)))
                        .add(TIDAL, directory -> EmbeddedContender.of(directory, Durability.ASYNC, 1, 1, 1))
                        .add(
                                RocksSink.NAME,
                                directory -> new AppendContender(new RocksSink(directory, 1, RECORD_BYTES, false)))
                        .add(
                                ChronicleSink.NAME,
                                directory -> new AppendContender(new ChronicleSink(directory, RECORD_BYTES, false)))
                        .target(Target.rateOfReference(TIDAL, 1)));
    }

    static Table encryption() {
        Table table = new Table(
                "Encryption",
                "Durable signals through the embedded API to a tenant that is [encrypted](encryption.md), one seal a batch, and to one that is"
                        + " not.",
                Figure.RATE);
        return table.add(encrypted(1, 1, 1))
                .add(encrypted(64, 1, 1))
                .add(encrypted(1, 64, 100))
                .add(encrypted(4, 64, 100));
    }

    private static Workload encrypted(int writers, int window, int signals) {
        return new Workload(String.format(Locale.ROOT, "%d × %d, %d a write", writers, window, signals))
                .add("plain", directory -> EmbeddedContender.ofKeys(directory, false, writers, window, signals))
                .add("encrypted", directory -> EmbeddedContender.ofKeys(directory, true, writers, window, signals))
                .target(Target.rateOfReference("encrypted", 0.9));
    }

    /** The store {@code rocks} next to plain RocksDB, which it is to keep three quarters of. */
    static Table rocks() {
        Table table = new Table(
                "The log store `rocks`",
                "As the first table, with the plugin `rocks` and held against plain RocksDB: each batch brings a header of 64 bytes, and"
                        + " each commit a state record of each log that it changes. `rocksdb`: " + RocksSink.SETTINGS
                        + ".",
                Figure.RATE);
        for (int writers : new int[] {1, 8, 64}) {
            for (int tenants : new int[] {1, 100, 1000}) {
                table.add(new Workload(writers + " writers, " + tenants + " tenants")
                        .add(
                                RocksSink.NAME,
                                directory -> new SinkContender(
                                        new RocksSink(directory, tenants, RECORD_BYTES, true), writers, 1, tenants))
                        .add(
                                "rocks",
                                directory -> new SinkContender(
                                        new StoreSink("rocks", directory, tenants, RECORD_BYTES, writers, true),
                                        writers,
                                        1,
                                        tenants))
                        .target(Target.rateOfReference("rocks", 0.75)));
            }
        }
        return table;
    }

    private static Workload durable(int writers, int window, int tenants) {
        String name = window == 1
                ? String.format(Locale.ROOT, "%d writers, %,d tenants", writers, tenants)
                : String.format(Locale.ROOT, "%d × %d", writers, window);
        return named(name, writers, window, tenants)
                .add(
                        RocksSink.NAME,
                        directory -> new SinkContender(
                                new RocksSink(directory, tenants, RECORD_BYTES, true), writers, window, tenants))
                .add(
                        ChronicleSink.NAME,
                        directory -> new SinkContender(
                                new ChronicleSink(directory, RECORD_BYTES, true), writers, window, tenants));
    }

    private static Workload named(String name, int writers, int window, int tenants) {
        int underWay = writers * window;
        return new Workload(name)
                .add(
                        REFERENCE,
                        directory -> new SinkContender(
                                new ReferenceSink(directory, RECORD_BYTES, underWay, true), writers, window, tenants))
                .add(
                        STORE,
                        directory -> new SinkContender(
                                new StoreSink("file", directory, tenants, RECORD_BYTES, underWay, true),
                                writers,
                                window,
                                tenants))
                .add(TIDAL, directory -> EmbeddedContender.of(directory, Durability.LOCAL, writers, window, tenants));
    }
}
