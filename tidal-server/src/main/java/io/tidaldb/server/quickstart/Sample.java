package io.tidaldb.server.quickstart;

import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.option.EventFileOptions;
import io.tidaldb.server.importing.EventFile;
import io.tidaldb.server.importing.FieldMap;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the events come from: a file of the user's, or the sample of flights that comes with Tidal. Can be read several times. */
interface Sample {

    /** Starts to read from the beginning. */
    EventFile open() throws IOException;

    /** Returns a file of the user's. */
    static Sample of(String file, EventFileOptions reading) {
        if (file.equals("-")) {
            throw CliException.usage("quickstart reads its events twice: expected a file, not standard input");
        }
        return () -> reading.open(file);
    }

    /** Returns the flights that left from and arrived at Houston in 2011. */
    static Sample flights(EventFileOptions reading) {
        FieldMap columns = FieldMap.parse("tenant=tenant,signal=type,entity=item,ts=time");
        return () -> reading.open("the flights sample", flights(), columns);
    }

    private static InputStream flights() throws IOException {
        String name = "houston-flights-2011-sample.csv.gz";
        InputStream packed = Sample.class.getResourceAsStream("/quickstart/" + name);
        if (packed != null) {
            return packed;
        }
        Path beside = Path.of(System.getProperty("tidal.home", "."), "data", name);
        if (Files.isRegularFile(beside)) {
            return Files.newInputStream(beside);
        }
        throw CliException.failed("the flights sample is missing: neither in the jar nor at " + beside
                + "; name a file with --events FILE --map ...");
    }
}
