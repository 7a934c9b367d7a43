package io.tidaldb.server.cli.option;

import java.util.UUID;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an idempotency key. */
public final class KeyText implements ITypeConverter<UUID> {

    @Override
    public UUID convert(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(
                    "\"" + text + "\" is not a UUID: expected the form 123e4567-e89b-12d3-a456-426614174000");
        }
    }
}
