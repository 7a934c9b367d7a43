package io.tidaldb.server.importing;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads records of comma-separated values as RFC 4180 has them: fields in double quotes may hold commas, doubled quotes and line ends.
 *
 * <p>A quote that is not closed as it should be, or not within {@link LineReader#MAX_BYTES}, spoils its own line only: reading goes on after
 * that line, so each line of a file is part of a record or named as faulty.
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
        Splitter splitter = new Splitter();
        List<LineReader.Line> continued = new ArrayList<>();
        long length = first.text().length();
        String fault = splitter.take(first.text());
        while (UNCLOSED.equals(fault)) {
            LineReader.Line more = lines.next();
            if (more == null) {
                break;
            }
            continued.add(more);
            length += more.text().length();
            if (more.fault() != null || length > LineReader.MAX_BYTES) {
                break;
            }
            fault = splitter.take(more.text());
        }
        if (fault == null) {
            return new CsvRecord(first.number(), splitter.fields, null);
        }
        lines.unread(continued);
        return new CsvRecord(first.number(), List.of(), fault);
    }

    private static final String UNCLOSED = "a quoted field is not closed";

    /** Splits a record into its fields, line by line: each is looked at once, however many there are. */
    private static final class Splitter {

        final List<String> fields = new ArrayList<>();
        private final StringBuilder field = new StringBuilder();
        private boolean inQuotes;

        /** Takes the next line of the record; returns what is wrong with what there is, or null if it is whole. */
        @Nullable
        String take(String line) {
            int at = 0;
            if (inQuotes) {
                field.append('\n');
            }
            while (true) {
                if (!inQuotes && at < line.length() && line.charAt(at) == '"') {
                    inQuotes = true;
                    at++;
                }
                if (inQuotes) {
                    at = quoted(line, at);
                    if (inQuotes) {
                        return UNCLOSED;
                    }
                    if (at < line.length() && line.charAt(at) != ',') {
                        return "a quoted field is followed by something other than a comma";
                    }
                } else {
                    int end = line.indexOf(',', at);
                    field.append(line, at, end < 0 ? line.length() : end);
                    at = end < 0 ? line.length() : end;
                }
                fields.add(field.toString());
                field.setLength(0);
                if (at >= line.length()) {
                    return null;
                }
                at++;
            }
        }

        /** Returns where the field or the line ends. */
        private int quoted(String line, int start) {
            int at = start;
            while (at < line.length()) {
                char c = line.charAt(at++);
                if (c != '"') {
                    field.append(c);
                } else if (at < line.length() && line.charAt(at) == '"') {
                    field.append('"');
                    at++;
                } else {
                    inQuotes = false;
                    return at;
                }
            }
            return at;
        }
    }
}
