package io.tidaldb.api;

import static io.tidaldb.api.IdentitiesTest.assertOrdered;
import static io.tidaldb.api.IdentitiesTest.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R-02 names of records")
class WalSegmentIdTest {

    @Test
    @DisplayName("R-02 a record prints as region, shard and seqno")
    void printsItsParts() {
        assertThat(id(0, 0, 42)).hasToString("r0:s0:42");
        assertThat(id(1, 3, Seqno.of(2, 42))).hasToString("r1:s3:2.42");
        assertThat(id(65_535, 65_535, -1)).hasToString("r65535:s65535:16777215.1099511627775");
    }

    @ParameterizedTest
    @ValueSource(strings = {"r0:s0:0", "r0:s0:42", "r1:s3:2.42", "r65535:s65535:16777215.1099511627775"})
    @DisplayName("R-02 the printed form parses back")
    void printedFormParsesBack(String text) {
        assertThat(WalSegmentId.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "42",
                "r0:42",
                "r0:s0",
                "r0:s0:",
                "s0:r0:42",
                "r0:s0:-1",
                "r0:s0:42:1",
                "r0:s0:2.",
                "r0:s0:.42",
                "r0:s0:2.4.2",
                "r65536:s0:1",
                "r0:s65536:1",
                "r0:s0:16777216.1",
                "r0:s0:1099511627776"
            })
    @DisplayName("R-02 a text that is no name of a record is refused")
    void refusesOtherForms(String text) {
        assertRefused(() -> WalSegmentId.parse(text));
    }

    @Test
    @DisplayName("R-02 a refusal shows the text and the form that was expected")
    void refusalNamesTheText() {
        assertRefused(() -> WalSegmentId.parse("here"), "\"here\"", "r0:s0:42");
    }

    @Test
    @DisplayName("R-02 names are totally ordered by region, shard and unsigned seqno")
    void totallyOrdered() {
        assertOrdered(List.of(
                id(0, 0, 0),
                id(0, 0, 1),
                id(0, 0, Seqno.MAX_COUNTER),
                id(0, 0, Seqno.of(1, 0)),
                id(0, 0, Long.MAX_VALUE),
                id(0, 0, Long.MIN_VALUE),
                id(0, 0, -1),
                id(0, 1, 0),
                id(0, 10, 0),
                id(1, 0, 0),
                id(1, 2, 3)));
    }

    @Test
    @DisplayName("R-02 a name tells its origin, incarnation included")
    void knowsItsOrigin() {
        WalSegmentId record = id(1, 3, Seqno.of(2, 42));
        assertThat(record.origin()).isEqualTo(new Origin(RegionId.of(1), ShardId.of(3), 2));
        assertThat(WalSegmentId.of(record.origin(), Seqno.of(2, 42))).isEqualTo(record);
        assertThat(record.origin().startSeqno()).isEqualTo(Seqno.of(2, 0));
    }

    @Test
    @DisplayName("R-02 a seqno is 24 bits of incarnation above 40 bits of counter")
    void seqnoLayout() {
        assertThat(Seqno.of(0, 1)).isEqualTo(1);
        assertThat(Seqno.of(1, 0)).isEqualTo(1L << 40);
        assertThat(Seqno.of(Seqno.MAX_INCARNATION, Seqno.MAX_COUNTER)).isEqualTo(-1L);
        assertThat(Seqno.incarnation(-1)).isEqualTo(Seqno.MAX_INCARNATION);
        assertThat(Seqno.counter(-1)).isEqualTo(Seqno.MAX_COUNTER);
        assertRefused(() -> Seqno.of(0, Seqno.MAX_COUNTER + 1), "0.1099511627776");
        assertRefused(() -> Seqno.of(Seqno.MAX_INCARNATION + 1, 0), "16777216.0");
        assertRefused(() -> Seqno.of(-1, 0), "-1.0");
        assertRefused(() -> new Origin(RegionId.of(0), ShardId.of(0), Seqno.MAX_INCARNATION + 1), "16777216");
    }

    private static WalSegmentId id(int region, int shard, long seqno) {
        return new WalSegmentId(RegionId.of(region), ShardId.of(shard), seqno);
    }
}
