package io.tidaldb.server.parquet;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;

/** The rows of a file, as Parquet's own reader has them. */
public final class ParquetRows {

    private ParquetRows() {}

    /** Returns each row's values by column, those that are there, as text. */
    public static List<Map<String, String>> of(Path file) throws IOException {
        ParquetReadOptions options = ParquetReadOptions.builder(new PlainParquetConfiguration())
                .withCodecFactory(new Unzip())
                .build();
        List<Map<String, String>> rows = new ArrayList<>();
        try (ParquetFileReader reader = ParquetFileReader.open(new LocalInputFile(file), options)) {
            MessageType schema = reader.getFooter().getFileMetaData().getSchema();
            for (PageReadStore group = reader.readNextRowGroup(); group != null; group = reader.readNextRowGroup()) {
                RecordReader<Group> records = new ColumnIOFactory()
                        .getColumnIO(schema)
                        .getRecordReader(group, new GroupRecordConverter(schema));
                for (long row = 0; row < group.getRowCount(); row++) {
                    rows.add(values(records.read()));
                }
            }
        }
        return rows;
    }

    private static Map<String, String> values(Group row) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int field = 0; field < row.getType().getFieldCount(); field++) {
            if (row.getFieldRepetitionCount(field) > 0) {
                values.put(row.getType().getFieldName(field), value(row, field));
            }
        }
        return values;
    }

    private static String value(Group row, int field) {
        if (!row.getType().getType(field).isPrimitive()) {
            Group list = row.getGroup(field, 0);
            List<String> elements = new ArrayList<>();
            for (int i = 0; i < list.getFieldRepetitionCount(0); i++) {
                elements.add(list.getGroup(0, i).getString(0, 0));
            }
            return elements.toString();
        }
        LogicalTypeAnnotation kind = row.getType().getType(field).getLogicalTypeAnnotation();
        return kind instanceof LogicalTypeAnnotation.IntLogicalTypeAnnotation
                ? Long.toUnsignedString(row.getLong(field, 0))
                : row.getValueToString(field, 0);
    }

    private static final class Unzip implements CompressionCodecFactory {

        @Override
        public BytesInputCompressor getCompressor(CompressionCodecName name) {
            throw new UnsupportedOperationException("only reads");
        }

        private static byte[] unzipped(BytesInput page) throws IOException {
            try (GZIPInputStream in = new GZIPInputStream(page.toInputStream())) {
                return in.readAllBytes();
            }
        }

        @Override
        public BytesInputDecompressor getDecompressor(CompressionCodecName name) {
            if (name != CompressionCodecName.GZIP) {
                throw new UnsupportedOperationException(name.toString());
            }
            return new BytesInputDecompressor() {
                @Override
                public BytesInput decompress(BytesInput page, int size) throws IOException {
                    return BytesInput.from(unzipped(page));
                }

                @Override
                public void decompress(ByteBuffer in, int inSize, ByteBuffer out, int outSize) throws IOException {
                    out.put(unzipped(BytesInput.from(in)));
                }

                @Override
                public void release() {}
            };
        }

        @Override
        public void release() {}
    }
}
