package io.tidaldb.server.cli.option;

import io.tidaldb.api.TidalException;
import io.tidaldb.core.EventTime;
import io.tidaldb.server.importing.TimeText;
import java.time.Instant;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a time: ISO-8601 with a zone, or nanoseconds since 1970. */
public final class InstantText implements ITypeConverter<Instant> {

    @Override
    public Instant convert(String text) {
        try {
            return EventTime.instant(TimeText.nanos(text));
        } catch (TidalException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
