package io.tidaldb.server.importing;

import io.tidaldb.api.TidalException;
import io.tidaldb.testkit.fuzz.Decoder;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** What is read of files of events, and of what was written about them. */
@SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
enum ImportDecoder implements Decoder {
    EVENT_FILE(files(), ImportDecoder::events),
    EXPORTED_SIGNAL(
            texts("{\"tenant\":\"7\",\"position\":\"r0:s0:5\",\"hlc\":\"9\",\"signal\":\"view\",\"entity\":\"42\","
                    + "\"entity_name\":\"a\",\"weight\":1.5,\"ts\":\"2026-11-21T10:00:00Z\"}"),
            bytes -> ExportLine.parse(text(bytes))),
    EXPORTED_ACT(texts("{\"tenant\":\"7\",\"session\":\"9\"}"), bytes -> ActLine.parse(text(bytes))),
    ACKNOWLEDGEMENT(
            texts("{\"line\":17,\"tenant\":\"1\",\"position\":\"r0:s0:42\",\"signal\":\"view\",\"entity\":\"3\","
                    + "\"weight\":1.0,\"ts\":\"2026-11-21T10:00:00Z\"}"),
            bytes -> Acknowledgement.parse(text(bytes)));

    private final List<byte[]> examples;
    private final Consumer<byte[]> read;

    ImportDecoder(List<byte[]> examples, Consumer<byte[]> read) {
        this.examples = examples;
        this.read = read;
    }

    private static List<byte[]> files() {
        List<byte[]> plain = texts(
                "{\"tenant\":\"1\",\"signal\":\"view\",\"entity\":\"42\",\"ts\":\"2026-11-21T10:00:00+02:00\"}\n{}\n",
                "tenant,signal,entity,weight,ts\r\n1,view,42,0.5,1700000000000000000\r\n\"1\",\"a\"\"b\",2,,\n",
                "tenant,signal,entity_name\n1,view,\"two\nlines\"\n");
        return Stream.concat(plain.stream(), Stream.of(zipped(plain.get(1)))).toList();
    }

    private static byte[] zipped(byte[] plain) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    // A file that is none is refused with an IOException.
    private static void events(byte[] bytes) {
        try (EventFile file = EventFile.open(
                "a file", new ByteArrayInputStream(bytes), FieldMap.NONE, EntityMode.BY_FIELD, () -> 1)) {
            ParsedLine line = file.next();
            while (line != null) {
                line = file.next();
            }
        } catch (IOException e) {
            throw TidalException.invalid(String.valueOf(e.getMessage()));
        }
    }

    private static List<byte[]> texts(String... texts) {
        return Stream.of(texts)
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public List<byte[]> examples() {
        return examples;
    }

    @Override
    public void read(byte[] bytes) {
        read.accept(bytes);
    }
}
