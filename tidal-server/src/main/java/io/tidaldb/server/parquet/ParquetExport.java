package io.tidaldb.server.parquet;

import static org.apache.parquet.schema.Type.Repetition.OPTIONAL;
import static org.apache.parquet.schema.Type.Repetition.REQUIRED;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/**
 * Lines of an export as rows of a Parquet file, in their order.
 *
 * <p>Not safe for use by several threads. The file is one only once this is closed: before that no reader takes it.
 */
public final class ParquetExport implements AutoCloseable {

    // What is kept in memory of rows that are not written yet.
    private static final long ROW_GROUP_BYTES = 32 << 20;

    private static final List<Column> SIGNALS = List.of(
            Column.unsigned(REQUIRED, "tenant"),
            Column.text(REQUIRED, "position"),
            Column.unsigned(REQUIRED, "hlc"),
            Column.text(REQUIRED, "signal"),
            Column.unsigned(REQUIRED, "entity"),
            Column.text(OPTIONAL, "entity_name"),
            Column.real(REQUIRED, "weight"),
            Column.time(REQUIRED, "ts"));

    private static final List<Column> ACTS = List.of(
            Column.unsigned(REQUIRED, "tenant"),
            Column.text(REQUIRED, "position"),
            Column.unsigned(REQUIRED, "hlc"),
            Column.text(REQUIRED, "type"),
            Column.unsigned(OPTIONAL, "session"),
            Column.unsigned(OPTIONAL, "number"),
            Column.time(OPTIONAL, "ts"),
            Column.unsigned(OPTIONAL, "user"),
            Column.unsigned(OPTIONAL, "entity"),
            Column.text(OPTIONAL, "signal"),
            Column.real(OPTIONAL, "weight"),
            Column.text(OPTIONAL, "key"),
            Column.text(OPTIONAL, "value"),
            Column.text(OPTIONAL, "text"),
            Column.text(OPTIONAL, "kind"),
            Column.texts("records"));

    private final List<Column> columns;
    private final MessageType schema;
    private final ParquetWriter<Group> writer;
    private long rows;

    private ParquetExport(Path file, List<Column> columns) throws IOException {
        this.columns = columns;
        schema = new MessageType("tidal", columns.stream().map(Column::type).toArray(Type[]::new));
        writer = ExampleParquetWriter.builder(new LocalOutputFile(file))
                .withType(schema)
                .withConf(new PlainParquetConfiguration())
                .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
                .withRowGroupSize(ROW_GROUP_BYTES)
                .withCompressionCodec(CompressionCodecName.GZIP)
                .withCodecFactory(new Gzip())
                .build();
    }

    /**
     * Begins a file of signals, as {@link io.tidaldb.server.importing.ExportLine} has them.
     *
     * @param file what is there is written over
     */
    public static ParquetExport ofSignals(Path file) throws IOException {
        return new ParquetExport(file, SIGNALS);
    }

    /**
     * Begins a file of what users did, as {@link io.tidaldb.server.importing.ActLine} has it.
     *
     * @param file what is there is written over
     */
    public static ParquetExport ofActs(Path file) throws IOException {
        return new ParquetExport(file, ACTS);
    }

    /**
     * Adds a row.
     *
     * @throws UncheckedIOException if the file can't be written
     */
    public void add(ObjectNode line) {
        Group row = new SimpleGroup(schema);
        for (Column column : columns) {
            JsonNode value = line.get(column.type().getName());
            if (value != null) {
                column.write().accept(row, value);
            }
        }
        try {
            writer.write(row);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        rows++;
    }

    /** Returns how many rows were added. */
    public long rows() {
        return rows;
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}
