package io.tidaldb.server.importing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads records of comma-separated values as RFC 4180 has them: fields in double quotes may hold commas, doubled quotes and line ends.
 *
 * <p>A quote that is never closed, or not within {@link LineReader#MAX_BYTES}, spoils its own line only: reading goes on after that line.
 */
final class CsvRecords {

    /**
     * A record.
     *
     * @param line number of the line that it begins in
     * @param fault why it can't be read, or null
     */
    record CsvRecord(
            long line, List<String> fields, @Nullable String fault) {}

    private final LineReader lines;

    CsvRecords(LineReader lines) {
        this.lines = lines;
    }

    /** Returns the next record, or null after the last; empty lines are none. */
    @Nullable
    CsvRecord next() throws IOException {
        LineReader.Line first = lines.next();
        while (first != null && first.fault() == null && first.text().isEmpty()) {
            first = lines.next();
        }
        if (first == null) {
            return null;
        }
        if (first.fault() != null) {
            return new CsvRecord(first.number(), List.of(), first.fault());
        }
        return record(first);
    }

    private CsvRecord record(LineReader.Line first) throws IOException {
        StringBuilder text = new StringBuilder(first.text());
        List<LineReader.Line> continued = new ArrayList<>();
        while (true) {
            List<String> fields = new ArrayList<>();
            String fault = split(text, fields);
            if (fault == null) {
                return new CsvRecord(first.number(), fields, null);
            }
            LineReader.Line more = fault.equals(UNCLOSED) ? lines.next() : null;
            if (more != null) {
                continued.add(more);
            }
            if (more == null
                    || more.fault() != null
                    || text.length() + more.text().length() > LineReader.MAX_BYTES) {
                lines.unread(continued);
                return new CsvRecord(first.number(), List.of(), fault);
            }
            text.append('\n').append(more.text());
        }
    }

    private static final String UNCLOSED = "a quoted field is not closed";

    private static @Nullable String split(CharSequence text, List<String> fields) {
        StringBuilder field = new StringBuilder();
        int at = 0;
        while (true) {
            field.setLength(0);
            if (at < text.length() && text.charAt(at) == '"') {
                at = quoted(text, at + 1, field);
                if (at < 0) {
                    return UNCLOSED;
                }
                if (at < text.length() && text.charAt(at) != ',') {
                    return "a quoted field is followed by something other than a comma";
                }
            } else {
                while (at < text.length() && text.charAt(at) != ',') {
                    field.append(text.charAt(at++));
                }
            }
            fields.add(field.toString());
            if (at >= text.length()) {
                return null;
            }
            at++;
        }
    }

    /** Returns where the field ends, or -1. */
    private static int quoted(CharSequence text, int start, StringBuilder field) {
        int at = start;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c != '"') {
                field.append(c);
            } else if (at < text.length() && text.charAt(at) == '"') {
                field.append('"');
                at++;
            } else {
                return at;
            }
        }
        return -1;
    }
}
