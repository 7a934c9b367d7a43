package io.tidaldb.server.cli.signal;

import io.tidaldb.core.Tidal;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.NewDataDirectory;
import io.tidaldb.server.cli.backend.NewStoreOptions;
import io.tidaldb.server.cli.option.DurationText;
import io.tidaldb.server.cli.option.EventFileOptions;
import io.tidaldb.server.client.ServerClient;
import io.tidaldb.server.client.ServerTarget;
import io.tidaldb.server.importing.AckLog;
import io.tidaldb.server.importing.AckSink;
import io.tidaldb.server.importing.EmbeddedTarget;
import io.tidaldb.server.importing.EventFile;
import io.tidaldb.server.importing.ImportReport;
import io.tidaldb.server.importing.ImportTarget;
import io.tidaldb.server.importing.Importer;
import io.tidaldb.server.importing.SignalLookup;
import io.tidaldb.server.importing.TenantLookup;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "import",
        description = "Records the events of a file: NDJSON, or CSV with a header; gzip is recognised.",
        footer = {
            "",
            "A malformed line is counted and reported, and the import goes on. throttled counts lines that the",
            "rate limit refused at least once, skipped those that a quota kept out. A server's token has to allow both",
            "read and write; tenants by label take an operator's."
        })
@SuppressWarnings("NullAway.Init")
final class SignalImportCommand extends CliCommand {

    @Mixin
    private final NewStoreOptions store = new NewStoreOptions();

    @Parameters(paramLabel = "FILE", description = "The file, or - for standard input.")
    private String file;

    @Mixin
    private final EventFileOptions reading = new EventFileOptions();

    @Option(names = "--create-tenants", description = "Create missing tenants, and missing types of signal, too.")
    private boolean createTenants;

    @Option(names = "--create-signals", description = "Create missing types of signal.")
    private boolean createSignals;

    @Option(
            names = "--half-life",
            converter = DurationText.class,
            paramLabel = "7d",
            description = "Half-life of types that are created (default: 7d).")
    @Nullable
    private Duration halfLife;

    @Option(names = "--strict", description = "End at the first malformed line, with exit code 1.")
    private boolean strict;

    @Option(
            names = "--on-throttle",
            defaultValue = "wait",
            paramLabel = "wait|skip",
            description = "What to do when the rate limit refuses (default: ${DEFAULT-VALUE}).")
    private Importer.OnThrottle onThrottle;

    @Option(
            names = "--ack-log",
            paramLabel = "FILE|-",
            description = "Write a line for each event once it is acknowledged.")
    @Nullable
    private String ackLog;

    @Override
    public Integer call() throws IOException {
        if (ackLog != null) {
            AckLogOption.check(ackLog, file);
        }
        boolean create = createTenants || createSignals;
        if (halfLife != null && !create) {
            throw CliException.usage(
                    "--half-life is for types that are created: expected --create-signals or --create-tenants with it");
        }
        // Opened first: a file that can't be read is no reason to create a data directory. The log comes last: what an
        // earlier process was promised must not be overwritten by one that is refused.
        try (EventFile events = reading.open(file)) {
            return store.isServer() ? overServer(events, create) : embedded(events, create);
        }
    }

    private int overServer(EventFile events, boolean create) throws IOException {
        try (ServerClient client = store.server().connect(token())) {
            ImportTarget target = new ServerTarget(client, createTenants, create ? halfLifeOfCreated() : null);
            if (ackLog == null) {
                return record(target, events, AckSink.NONE);
            }
            try (LateAckLog log = new LateAckLog(ackLog)) {
                int code = record(target, events, log);
                log.open();
                return code;
            }
        }
    }

    private int embedded(EventFile events, boolean create) throws IOException {
        // Whoever states a half-life means the types of the file, and those may be called like the defaults.
        NewDataDirectory directory = store.directory();
        try (Tidal tidal = create && halfLife != null ? directory.openUndeclared() : directory.openOrCreate()) {
            SignalLookup signals = new SignalLookup(tidal, create ? halfLifeOfCreated() : null);
            ImportTarget target = new EmbeddedTarget(new TenantLookup(tidal, createTenants), signals);
            if (ackLog == null) {
                return record(target, events, AckSink.NONE);
            }
            try (AckLog log = AckLogOption.open(ackLog)) {
                return record(target, events, log);
            }
        }
    }

    private int record(ImportTarget target, EventFile events, AckSink acks) throws IOException {
        Importer importer = new Importer(target, acks, onThrottle, strict, output()::note);
        ImportReport report;
        try {
            report = importer.run(events);
        } catch (IOException | RuntimeException e) {
            output().result(importer.report().toJson());
            throw e;
        }
        output().result(report.toJson());
        return exitCode(report);
    }

    private Duration halfLifeOfCreated() {
        return halfLife == null ? Duration.ofDays(7) : halfLife;
    }

    private static int exitCode(ImportReport report) {
        if (report.stopped() != null) {
            throw CliException.failed("import stopped: " + report.stopped());
        }
        return report.refused() ? ExitCodes.REFUSED : ExitCodes.DONE;
    }
}
