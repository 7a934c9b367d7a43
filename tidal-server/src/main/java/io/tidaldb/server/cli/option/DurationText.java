package io.tidaldb.server.cli.option;

import io.tidaldb.api.TidalException;
import io.tidaldb.server.config.TimeSpan;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads durations as people write them: {@code 10ms}, {@code 60s}, {@code 5m}, {@code 24h}, {@code 7d}. */
public final class DurationText implements ITypeConverter<Duration> {

    @Override
    public Duration convert(String text) {
        try {
            return TimeSpan.parse(text);
        } catch (TidalException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    /** Returns the shortest form that reads back. */
    public static String print(Duration duration) {
        return TimeSpan.print(duration);
    }
}
