package io.tidaldb.server.http.body;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A plain line")
class PlainLineTest {

    private static final TenantId TENANT = TenantId.of(7);

    private static final List<String> SIGNALS =
            List.of("\"view\"", "\"like\"", "\"\"", "\"a b\"", "\"vi\\u0065w\"", "1");
    private static final List<String> IDS = List.of(
            "0",
            "42",
            "\"42\"",
            "\"007\"",
            "007",
            "18446744073709551615",
            "\"18446744073709551615\"",
            "9999999999999999999",
            "1.0",
            "1e3",
            "-1",
            "\"\"",
            "\" 1\"",
            "\"t7\"",
            "null",
            "7");
    private static final List<String> NAMES = List.of("\"IAH-LAX\"", "\"é\"", "\"\\\"\"", "\"\"", "\"a\u007Fb\"", "5");
    private static final List<String> WEIGHTS = List.of(
            "1",
            "1.5",
            "-0",
            "-2.25",
            "0.1",
            "123456789012345",
            "1234567890123456",
            "0.12345678901234567",
            "1e3",
            "\"1.5\"",
            "\"1.\"",
            "\".5\"",
            "\"1f\"",
            "01",
            "1.",
            "+1",
            "3.4e39",
            "NaN",
            "null",
            "true");
    private static final List<String> TIMES = List.of(
            "\"2026-11-21T10:00:00Z\"",
            "\"2026-11-21T10:00:00.123456789Z\"",
            "\"2026-02-30T10:00:00Z\"",
            "1763719200000000000",
            "\"1763719200000000000\"",
            "9223372036854775808",
            "5",
            "\"05\"",
            "05",
            "\"2026-11-21T11:00:00+01:00\"",
            "null");

    private static final String CHANGES = "{}\":,0129.-eE \t\\xZ\u0001";

    private static @Nullable Signal plain(byte[] line) {
        return new PlainLine(line, TENANT).read(0, line.length);
    }

    /** Returns what the general parser makes of a line, or null if it refuses it. */
    private static @Nullable Signal general(byte[] line) throws IOException {
        try (JsonParser parser = RequestJson.signalParser(line, 0, line.length)) {
            parser.nextToken();
            Signal signal = SignalJson.read(parser, TENANT);
            return parser.nextToken() == null ? signal : null;
        } catch (TidalException | JsonProcessingException e) {
            return null;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"tenant\":\"7\",\"signal\":\"view\",\"entity\":\"42\",\"weight\":1.0,\"ts\":\"2026-11-21T10:00:00Z\"}",
                "{ \"ts\": 1763719200000000000, \"entity\": 9999999999999999999, \"signal\": \"view\" }\t\r\n",
                "{\"signal\":\"view\",\"entity_name\":\"IAH-LAX\",\"weight\":-0.25}\n",
            })
    @DisplayName("is read as the general parser reads it, up to the next one")
    void usual(String line) throws IOException {
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        byte[] more = (line + (line.endsWith("\n") ? "{" : "")).getBytes(StandardCharsets.UTF_8);
        PlainLine plain = new PlainLine(more, TENANT);
        assertThat(plain.read(0, more.length)).isNotNull().isEqualTo(general(bytes));
        assertThat(plain.end()).isEqualTo(bytes.length);
    }

    @Test
    @DisplayName(
            "is the same signal as the general parser's, or left to it, whatever its fields hold and whichever bytes are changed")
    void same() throws IOException {
        Random random = new Random(11);
        int read = 0;
        for (int i = 0; i < 300_000; i++) {
            byte[] line = line(random).getBytes(StandardCharsets.UTF_8);
            for (int changes = random.nextInt(4) - 1; changes > 0; changes--) {
                line[random.nextInt(line.length)] = (byte) CHANGES.charAt(random.nextInt(CHANGES.length()));
            }
            Signal plain = plain(line);
            if (plain != null) {
                assertThat(plain).as(new String(line, StandardCharsets.UTF_8)).isEqualTo(general(line));
                read++;
            }
        }
        assertThat(read).isGreaterThan(20_000);
    }

    private static String line(Random random) {
        List<String> fields = new ArrayList<>();
        fields.add("\"signal\":" + one(random, SIGNALS, 2));
        fields.add(
                random.nextInt(4) > 0
                        ? "\"entity\":" + one(random, IDS, 3)
                        : "\"entity_name\":" + one(random, NAMES, 1));
        maybe(random, fields, "tenant", "7", IDS);
        maybe(random, fields, "weight", "1.5", WEIGHTS);
        maybe(random, fields, "ts", "\"2026-11-21T10:00:00Z\"", TIMES);
        maybe(random, fields, "entity_name", "\"IAH-LAX\"", random.nextInt(4) == 0 ? NAMES : List.of("\"IAH-LAX\""));
        Collections.shuffle(fields, random);
        String comma = random.nextInt(4) == 0 ? " ,\t" : ",";
        return "{" + String.join(comma, fields) + "}" + " ".repeat(random.nextInt(2));
    }

    private static void maybe(Random random, List<String> fields, String name, String usual, List<String> values) {
        int kind = random.nextInt(6);
        if (kind < 3) {
            fields.add("\"" + name + "\":" + (kind == 0 ? values.get(random.nextInt(values.size())) : usual));
        }
    }

    /** Returns one of the first values mostly. */
    private static String one(Random random, List<String> values, int usual) {
        return values.get(random.nextInt(random.nextInt(3) == 0 ? values.size() : usual));
    }
}
