package io.tidaldb.server.cli;

import io.tidaldb.core.Tidal;
import io.tidaldb.server.importing.AckLog;
import io.tidaldb.server.importing.AckSink;
import io.tidaldb.server.importing.EventFile;
import io.tidaldb.server.importing.ImportReport;
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
            "rate limit refused at least once, skipped those that a quota kept out."
        })
@SuppressWarnings("NullAway.Init")
final class SignalImportCommand extends CliCommand {

    @Mixin
    private final NewDataDirectory store = new NewDataDirectory();

    @Parameters(paramLabel = "FILE", description = "The file, or - for standard input.")
    private String file;

    @Mixin
    private final EventFileOptions reading = new EventFileOptions();

    @Option(names = "--create-tenants", description = "Create missing tenants, and missing types of signal.")
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
        // Whoever states a half-life means the types of the file, and those may be called like the defaults.
        try (EventFile events = reading.open(file);
                Tidal tidal = create && halfLife != null ? store.openUndeclared() : store.openOrCreate()) {
            if (ackLog == null) {
                return record(tidal, create, events, AckSink.NONE);
            }
            try (AckLog log = AckLogOption.open(ackLog)) {
                return record(tidal, create, events, log);
            }
        }
    }

    private int record(Tidal tidal, boolean create, EventFile events, AckSink acks) throws IOException {
        Importer importer = new Importer(
                new TenantLookup(tidal, createTenants),
                new SignalLookup(tidal, create ? halfLifeOfCreated() : null),
                acks,
                onThrottle,
                strict,
                output()::note);
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
