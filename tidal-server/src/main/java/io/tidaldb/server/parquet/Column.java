package io.tidaldb.server.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import io.tidaldb.server.importing.TimeText;
import java.util.function.BiConsumer;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/**
 * A column of a file: a field of the lines of an export, under the same name.
 *
 * @param type how it is kept
 * @param write adds the field of a line to a row
 */
record Column(Type type, BiConsumer<Group, JsonNode> write) {

    private static Column of(Type type, BiConsumer<Group, JsonNode> write) {
        return new Column(type, write);
    }

    /** A text. */
    static Column text(Type.Repetition repetition, String name) {
        return of(
                Types.primitive(PrimitiveTypeName.BINARY, repetition)
                        .as(LogicalTypeAnnotation.stringType())
                        .named(name),
                (row, value) -> row.add(name, Binary.fromString(value.asText())));
    }

    /** Texts, none or several in a row. */
    static Column texts(String name) {
        return of(
                Types.optionalList()
                        .requiredElement(PrimitiveTypeName.BINARY)
                        .as(LogicalTypeAnnotation.stringType())
                        .named(name),
                (row, values) -> {
                    Group list = row.addGroup(name);
                    values.forEach(each -> list.addGroup("list").add("element", Binary.fromString(each.asText())));
                });
    }

    /** An unsigned 64-bit number, which lines have as text. */
    static Column unsigned(Type.Repetition repetition, String name) {
        return of(
                Types.primitive(PrimitiveTypeName.INT64, repetition)
                        .as(LogicalTypeAnnotation.intType(64, false))
                        .named(name),
                (row, value) -> row.add(name, Long.parseUnsignedLong(value.asText())));
    }

    /** A floating-point number. */
    static Column real(Type.Repetition repetition, String name) {
        return of(
                Types.primitive(PrimitiveTypeName.DOUBLE, repetition).named(name),
                (row, value) -> row.add(name, value.asDouble()));
    }

    /** A moment, to the nanosecond. */
    static Column time(Type.Repetition repetition, String name) {
        return of(
                Types.primitive(PrimitiveTypeName.INT64, repetition)
                        .as(LogicalTypeAnnotation.timestampType(true, TimeUnit.NANOS))
                        .named(name),
                (row, value) -> row.add(name, TimeText.nanos(value.asText())));
    }
}
