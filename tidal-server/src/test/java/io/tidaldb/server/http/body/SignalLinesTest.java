package io.tidaldb.server.http.body;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("Lines of signals")
class SignalLinesTest {

    private static final String VIEW = "{\"signal\":\"view\",\"entity\":1}";

    /** Hands out at most so many bytes at a time, as sockets do. */
    private static InputStream inPieces(byte[] content, Random random, int most) {
        return new ByteArrayInputStream(content) {
            @Override
            public synchronized int read(byte[] into, int from, int length) {
                return super.read(into, from, Math.min(length, 1 + random.nextInt(most)));
            }
        };
    }

    private static SignalLines lines(String text) {
        return new SignalLines(
                inPieces(text.getBytes(StandardCharsets.UTF_8), new Random(text.length()), 40), TenantId.of(1));
    }

    private static List<String> read(SignalLines lines) throws IOException {
        List<String> read = new ArrayList<>();
        for (Signal signal = lines.next(); signal != null; signal = lines.next()) {
            read.add(lines.number() + ":" + (signal.name() == null ? signal.entity() : signal.name()));
        }
        return read;
    }

    @Test
    @DisplayName("are read with their numbers, blank ones counted, whatever ends them")
    void numbers() throws IOException {
        assertThat(read(lines(""))).isEmpty();
        assertThat(read(lines("\n \r\n\n"))).isEmpty();
        assertThat(read(lines(VIEW))).containsExactly("1:1");
        assertThat(read(lines("\uFEFF" + VIEW + "\r\n\n \t\n  " + VIEW + "  \r\n")))
                .containsExactly("1:1", "4:1");
        assertThat(read(lines("{\"entity_name\":\"é€\\n𝄞\",\"signal\":\"view\"}\n")))
                .containsExactly("1:é€\n𝄞");
    }

    @Test
    @DisplayName("are the same in whatever pieces they come")
    void pieces() throws IOException {
        StringBuilder text = new StringBuilder();
        List<String> expected = new ArrayList<>();
        Random random = new Random(5);
        for (int line = 1; line <= 20_000; line++) {
            if (random.nextInt(10) == 0) {
                text.append(" ".repeat(random.nextInt(3))).append('\n');
                continue;
            }
            String name = "n€".repeat(1 + random.nextInt(20)) + line;
            text.append("{\"signal\":\"view\",\"entity_name\":\"").append(name).append("\"}\r\n");
            expected.add(line + ":" + name);
        }
        byte[] content = text.toString().getBytes(StandardCharsets.UTF_8);
        for (int most : new int[] {7, 1_000, 65_536, 1 << 20}) {
            assertThat(read(new SignalLines(inPieces(content, random, most), TenantId.of(1))))
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "VIEW VIEW | line 3: it is not one object and nothing else",
                "VIEW, | line 3 is not valid JSON (column 29)",
                "{\"signal\":\"view\", | line 3",
                "[VIEW] | line 3: a signal is not a JSON object",
                "17 | line 3: a signal is not a JSON object",
                "{\"signal\":\"vi | line 3 is not valid JSON (column 14)",
                "x | line 3 is not valid JSON (column 1)",
                "{\"signal\":\"view\",\"entity\":-1} | line 3: entity",
            })
    @DisplayName("that are wrong are named, and those before them are read")
    void wrong(String line, String why) throws IOException {
        SignalLines lines = lines(VIEW + "\n\n" + line.replace("VIEW", VIEW) + "\n\"entity\":2}\n" + VIEW + "\n");
        assertThat(lines.next()).isNotNull();
        assertThatThrownBy(lines::next).isInstanceOf(TidalException.class).hasMessageStartingWith(why);
    }

    @Test
    @DisplayName("that are too long, or of another charset, are refused")
    void unreadable() throws IOException {
        String padded = "{\"signal\":\"view\",\"entity\":1" + " ".repeat(65_536 - VIEW.length()) + "}";
        assertThat(read(lines(padded + "\n" + padded + "\n" + VIEW))).containsExactly("1:1", "2:1", "3:1");
        for (String end : new String[] {"", "\n", "\n" + VIEW, " ".repeat(200_000)}) {
            SignalLines lines = lines(VIEW + "\n" + padded + " " + end);
            assertThat(lines.next()).isNotNull();
            assertThatThrownBy(lines::next).hasMessage("line 2 is longer than 65536 bytes");
        }
        for (byte[] bytes : List.of(
                (VIEW + "\n").getBytes(StandardCharsets.UTF_16LE),
                (VIEW + "\n").getBytes(StandardCharsets.UTF_16BE),
                "{\"signal\":\"view\",\"entity_name\":\"é\"}".getBytes(StandardCharsets.ISO_8859_1))) {
            assertThatThrownBy(new SignalLines(new ByteArrayInputStream(bytes), TenantId.of(1))::next)
                    .isInstanceOf(TidalException.class)
                    .hasMessageContaining("line 1 is not valid JSON");
        }
    }
}
