package io.tidaldb.server.importing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.api.TidalException;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads events from NDJSON or from CSV with a header, gzipped or not; which, is told by the first bytes. Holds one line at a time. Not
 * thread-safe.
 */
public final class EventFile implements Closeable {

    private static final int SNIFFED_BYTES = 8 << 10;

    private final String name;
    private final LineReader lines;
    private final EventFields fields;
    private final FieldMap map;
    private @Nullable CsvRecords records;
    private Map<String, Integer> header = Map.of();

    private EventFile(String name, LineReader lines, FieldMap map, EventFields fields) {
        this.name = name;
        this.lines = lines;
        this.map = map;
        this.fields = fields;
    }

    /**
     * Starts to read.
     *
     * @param name what messages call the file
     * @param wallNanos the time of events that state none
     * @throws IOException if the content is not text
     * @throws TidalException INVALID_ARGUMENT if the header lacks a column
     */
    public static EventFile open(
            String name, InputStream content, FieldMap map, EntityMode mode, LongSupplier wallNanos)
            throws IOException {
        InputStream text = new BufferedInputStream(unzipped(name, content), 2 * SNIFFED_BYTES);
        text.mark(2 * SNIFFED_BYTES);
        byte[] start = text.readNBytes(SNIFFED_BYTES);
        text.reset();
        for (byte b : start) {
            if (b == 0) {
                throw new IOException(name + " is not text: expected NDJSON, or CSV with a header, gzipped or not");
            }
        }
        EventFile file = new EventFile(name, new LineReader(text), map, new EventFields(map, mode, wallNanos));
        // A first line that can't be read spoils a file only if it was to be the header.
        if (!new String(start, StandardCharsets.UTF_8).stripLeading().startsWith("{")) {
            file.readHeader();
        }
        return file;
    }

    /** Returns the next line that is not blank, or null after the last. */
    public @Nullable ParsedLine next() throws IOException {
        return records == null ? nextJson() : nextCsv(records);
    }

    private static InputStream unzipped(String name, InputStream content) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(content, 64 << 10);
        buffered.mark(2);
        boolean gzip = buffered.read() == 0x1F && buffered.read() == 0x8B;
        buffered.reset();
        return gzip ? Gunzip.of(name, buffered) : buffered;
    }

    private void readHeader() throws IOException {
        LineReader.Line first;
        do {
            first = lines.next();
        } while (first != null && first.fault() == null && first.text().isBlank());
        if (first == null) {
            return;
        }
        if (first.fault() != null) {
            throw new IOException(name + " can't be read: line " + first.number() + " is " + first.fault()
                    + "; expected NDJSON, or CSV with a header, in UTF-8");
        }
        lines.unread(List.of(first));
        if (!first.text().stripLeading().startsWith("{")) {
            records = new CsvRecords(lines);
            header = header(records);
        }
    }

    private Map<String, Integer> header(CsvRecords csv) throws IOException {
        CsvRecords.CsvRecord record = csv.next();
        if (record == null || record.fault() != null) {
            throw new IOException(name + " has no header that can be read: expected NDJSON, or CSV with a header");
        }
        Map<String, Integer> columns = new HashMap<>();
        for (String column : record.fields()) {
            if (columns.putIfAbsent(column.strip(), columns.size()) != null) {
                throw TidalException.invalid(name + " has the column " + Quoted.of(column) + " twice");
            }
        }
        for (String field : List.of("tenant", "signal", "entity", "weight", "ts")) {
            boolean needed = map.maps(field) || field.equals("tenant") || field.equals("signal") || isEntity(field);
            boolean there = columns.containsKey(map.column(field))
                    || (isEntity(field) && !map.maps(field) && columns.containsKey("entity_name"));
            if (needed && !there) {
                throw TidalException.invalid(name + " has no column " + Quoted.of(map.column(field)) + " for the "
                        + field + "; its columns are "
                        + Quoted.of(String.join(",", record.fields())) + ": name them with --map " + field
                        + "=COLUMN");
            }
        }
        return columns;
    }

    private static boolean isEntity(String field) {
        return field.equals("entity");
    }

    private @Nullable ParsedLine nextCsv(CsvRecords csv) throws IOException {
        CsvRecords.CsvRecord record = csv.next();
        if (record == null) {
            return null;
        }
        if (record.fault() != null) {
            return new ParsedLine.Malformed(record.line(), record.fault());
        }
        List<String> values = record.fields();
        if (values.size() != header.size()) {
            return new ParsedLine.Malformed(
                    record.line(),
                    "has " + values.size() + " fields: expected " + header.size() + ", as in the header");
        }
        return fields.parse(record.line(), column -> {
            Integer index = header.get(column);
            return index == null ? null : values.get(index);
        });
    }

    private @Nullable ParsedLine nextJson() throws IOException {
        LineReader.Line line = lines.next();
        while (line != null && line.fault() == null && line.text().isBlank()) {
            line = lines.next();
        }
        if (line == null) {
            return null;
        }
        return line.fault() != null
                ? new ParsedLine.Malformed(line.number(), line.fault())
                : json(line.number(), line.text());
    }

    private ParsedLine json(long number, String text) {
        JsonNode object;
        try {
            object = Json.read(text);
        } catch (JsonProcessingException e) {
            return new ParsedLine.Malformed(number, "not JSON: " + Json.reason(e));
        }
        if (!object.isObject()) {
            return new ParsedLine.Malformed(number, "not a JSON object");
        }
        return fields.parse(number, field -> scalar(field, object.get(field)));
    }

    private static @Nullable String scalar(String field, @Nullable JsonNode value) {
        if (value == null || value.isNull()) {
            return null;
        }
        if (!value.isTextual() && !value.isNumber()) {
            throw TidalException.invalid(field + " is neither text nor a number");
        }
        return value.asText();
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
