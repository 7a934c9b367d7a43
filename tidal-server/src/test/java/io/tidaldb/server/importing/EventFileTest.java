package io.tidaldb.server.importing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.EntityId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.EntityNames;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class EventFileTest {

    private static final long NOW = 7_000_000_000L;

    @Test
    void readsNdjsonWithNumbersOrText() throws IOException {
        assertThat(read("""
                {"tenant":"1","signal":"view","entity":"42","weight":2.5,"ts":"1970-01-01T00:00:01.000000002Z"}
                {"tenant":2,"signal":"like","entity":18446744073709551615,"ts":1000000003}

                {"tenant":1,"signal":"view","entity_name":"IAH-LAX","weight":null}
                """))
                .containsExactly(
                        new ParsedLine.Event(1, "1", "view", EntityId.of(42), null, 2.5, 1_000_000_002L),
                        new ParsedLine.Event(2, "2", "like", EntityId.of(-1), null, 1.0, 1_000_000_003L),
                        new ParsedLine.Event(4, "1", "view", EntityNames.idOf("IAH-LAX"), "IAH-LAX", 1.0, NOW));
    }

    @Test
    void readsCsvWithQuotesCarriageReturnsAndEmptyFields() throws IOException {
        assertThat(
                        read(
                                "tenant,signal,entity,weight,ts\r\n1,view,42,,\r\n\"1\",\"view\",\"43\",\"0.5\",1000000000\r\n"))
                .containsExactly(
                        new ParsedLine.Event(2, "1", "view", EntityId.of(42), null, 1.0, NOW),
                        new ParsedLine.Event(3, "1", "view", EntityId.of(43), null, 0.5, 1_000_000_000L));
    }

    @Test
    void mapsColumnsAndTakesEntitiesForNames() throws IOException {
        FieldMap map = FieldMap.parse("tenant=carrier,signal=type,entity=item,weight=quantity,ts=time");
        List<ParsedLine> lines = read(
                map,
                EntityMode.NAME,
                bytes(
                        "time,carrier,type,item,quantity,note\n2011-01-01T06:00:00Z,FL,cancelled,\"A, \"\"B\"\"\nC\",-3,x\n"));
        assertThat(lines)
                .containsExactly(new ParsedLine.Event(
                        2,
                        "FL",
                        "cancelled",
                        EntityNames.idOf("A, \"B\"\nC"),
                        "A, \"B\"\nC",
                        -3.0,
                        1_293_861_600_000_000_000L));
    }

    @Test
    void readsGzip() throws IOException {
        byte[] zipped = gzip("tenant,signal,entity\n1,view,1\n");
        assertThat(read(FieldMap.NONE, EntityMode.BY_FIELD, zipped)).hasSize(1);
    }

    @Test
    void saysThatAGzipFileIsCutOff() {
        byte[] zipped = gzip("tenant,signal,entity\n" + "1,view,1\n".repeat(1000));
        assertThatThrownBy(() -> read(FieldMap.NONE, EntityMode.BY_FIELD, Arrays.copyOf(zipped, zipped.length - 12)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged gzip");
    }

    @Test
    void refusesWhatIsNotText() {
        assertThatThrownBy(() -> read(FieldMap.NONE, EntityMode.ID, new byte[] {1, 2, 0, 3}))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is not text");
        assertThatThrownBy(() -> read(FieldMap.NONE, EntityMode.ID, new byte[] {(byte) 0xFF, (byte) 0xFE, 'a'}))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not UTF-8");
    }

    @Test
    void namesTheMissingColumn() {
        assertThatThrownBy(() -> read("time,carrier\n1,2\n"))
                .isInstanceOf(TidalException.class)
                .hasMessageContaining("no column \"tenant\"")
                .hasMessageContaining("time,carrier")
                .hasMessageContaining("--map tenant=COLUMN");
    }

    @Test
    void saysWhatIsWrongWithALineAndReadsOn() throws IOException {
        List<ParsedLine> lines = read("""
                {"tenant":"1","signal":"view","entity":"x"}
                {"tenant":"1","signal":"view"}
                not json
                {"tenant":"1","signal":"view","entity":"1","ts":"2011-01-01 06:00"}
                {"tenant":"1","signal":"view","entity":"1","weight":1e300}
                {"tenant":"1","signal":"view","entity":"1","weight":true}
                {"tenant":"1","signal":"view","entity":"1"} trailing
                {"tenant":"1","signal":"view","entity":"5","entity_name":"A"}
                {"tenant":"1","signal":"view","entity":"1"}
                """);
        assertThat(lines.subList(0, 8)).allSatisfy(line -> assertThat(line).isInstanceOf(ParsedLine.Malformed.class));
        assertThat(lines.get(0).toString()).contains("entity id \"x\"");
        assertThat(lines.get(3).toString()).contains("ISO-8601 with a zone");
        assertThat(lines.get(8)).isInstanceOf(ParsedLine.Event.class);
    }

    @Test
    void boundsLinesAndReadsOn() throws IOException {
        List<ParsedLine> lines = read("tenant,signal,entity\n" + "x".repeat(200_000) + "\n1,view,1\n");
        assertThat(lines.get(0).toString()).contains("longer than 65536 bytes");
        assertThat(lines.get(1)).isInstanceOf(ParsedLine.Event.class);
    }

    @Test
    void anOpenQuoteSpoilsItsOwnLineOnly() throws IOException {
        List<ParsedLine> lines = read("tenant,signal,entity\n1,view,\"1\n1,view,2\n1,view,3\n");
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).isInstanceOf(ParsedLine.Malformed.class);
        assertThat(lines.get(2)).isInstanceOf(ParsedLine.Event.class);
    }

    @Test
    void anOpenQuoteSpoilsItsOwnLineOnlyWhereALaterLineHasQuotesToo() throws IOException {
        List<ParsedLine> lines = read("tenant,signal,entity\n1,view,\"1\n1,view,2\n1,view,\"3\"\n");
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0).toString())
                .contains("line=2", "a quoted field is followed by something other than a comma");
        assertThat(lines.subList(1, 3)).allMatch(ParsedLine.Event.class::isInstance);
    }

    @Test
    void aNumberWhoseExponentIsOutOfRangeIsMalformed() throws IOException {
        assertThat(read("{\"tenant\":1e99999999999}\n").get(0).toString()).contains("exponent is out of range");
    }

    @Test
    void aLineWithTooFewFieldsIsMalformed() throws IOException {
        assertThat(read("tenant,signal,entity\n1,view\n").get(0).toString()).contains("has 2 fields: expected 3");
    }

    @Test
    void anEmptyFileHasNoEvents() throws IOException {
        assertThat(read("")).isEmpty();
        assertThat(read("\uFEFFtenant,signal,entity")).isEmpty();
    }

    @Test
    void refusesMappingsThatMeanNothing() {
        for (String text : List.of("carrier", "tenant=", "nope=x", "tenant=a,tenant=b", "")) {
            assertThatThrownBy(() -> FieldMap.parse(text)).as(text).isInstanceOf(TidalException.class);
        }
    }

    private static List<ParsedLine> read(String text) throws IOException {
        return read(FieldMap.NONE, EntityMode.BY_FIELD, bytes(text));
    }

    private static List<ParsedLine> read(FieldMap map, EntityMode mode, byte[] content) throws IOException {
        try (EventFile file = EventFile.open("events", new ByteArrayInputStream(content), map, mode, () -> NOW)) {
            List<ParsedLine> lines = new ArrayList<>();
            ParsedLine line = file.next();
            while (line != null) {
                lines.add(line);
                line = file.next();
            }
            return lines;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] gzip(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(bytes(text));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }
}
