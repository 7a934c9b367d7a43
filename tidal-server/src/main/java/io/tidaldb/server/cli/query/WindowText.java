package io.tidaldb.server.cli.query;

import io.tidaldb.core.Window;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code 1h}, {@code 24h} or {@code 7d}. */
final class WindowText implements ITypeConverter<Window> {

    @Override
    public Window convert(String text) {
        for (Window window : Window.values()) {
            if (window.toString().equals(text)) {
                return window;
            }
        }
        throw new TypeConversionException("\"" + text + "\" is not a window: expected 1h, 24h or 7d");
    }
}
