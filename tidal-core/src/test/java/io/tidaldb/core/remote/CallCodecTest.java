package io.tidaldb.core.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Calls of several writes")
class CallCodecTest {

    private static final byte WRITES = 62;
    private static final String PART = "{\"key\":[1,2],\"signals\":1,\"named\":[],\"names\":[]}";

    private final CallCodec codec = new CallCodec();

    private CallCodec.Received decoded(List<String> writes) {
        byte[] json = ("{\"index\":1,\"tenant\":2,\"life\":3,\"durability\":null,\"waitNanos\":4,\"writes\":" + writes
                        + "}")
                .getBytes(StandardCharsets.UTF_8);
        return codec.call(ByteBuffer.allocate(6 + json.length)
                .put((byte) 1)
                .put(WRITES)
                .putInt(json.length)
                .put(json)
                .flip());
    }

    private void refused(List<String> writes, String expected) {
        assertThatThrownBy(() -> decoded(writes))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_DATA))
                .hasMessageContaining(expected);
    }

    @Test
    @DisplayName("have 1 to 1,024 of them")
    void count() {
        assertThat(decoded(Collections.nCopies(1_024, PART)).call())
                .isInstanceOfSatisfying(
                        Call.Writes.class,
                        call -> assertThat(call.writes())
                                .hasSize(1_024)
                                .allMatch(each -> each.key()[1] == 2 && each.signals() == 1));
        refused(List.of(), "0 writes: expected 1 to 1024");
        refused(Collections.nCopies(1_025, PART), "1025 writes: expected 1 to 1024");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[1]   | 1 | []  | []      | 1 halves",
                "[1,2] | 0 | []  | []      | 0 signals",
                "[1,2] | -1 | [] | []      | -1 signals",
                "[1,2] | 1 | [5] | []      | 1 named entities and 0 names",
                "[1,2] | 1 | []  | [\"a\"] | 0 named entities and 1 names"
            })
    @DisplayName("have keys, signals and names that add up")
    void parts(String key, int signals, String named, String names, String expected) {
        refused(
                List.of("{\"key\":" + key + ",\"signals\":" + signals + ",\"named\":" + named + ",\"names\":" + names
                        + "}"),
                expected);
    }
}
