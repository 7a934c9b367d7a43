package io.tidaldb.server.http.body;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Signal;
import io.tidaldb.testkit.fuzz.Decoder;
import java.io.ByteArrayInputStream;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/** What the server reads of requests. */
@SuppressWarnings("ImmutableEnumChecker") // The bytes are copied before they are spoilt.
enum BodyDecoder implements Decoder {
    SIGNAL_LINES(lines(), bytes -> {
        SignalLines lines = new SignalLines(new ByteArrayInputStream(bytes), Fixed.TENANT);
        Signal signal = lines.next();
        while (signal != null) {
            signal = lines.next();
        }
    }),
    /** What is read fast must be what is read at length. */
    PLAIN_LINE(lines(), bytes -> {
        PlainLine line = new PlainLine(bytes, Fixed.TENANT);
        Signal fast = line.read(0, bytes.length);
        if (fast != null) {
            Signal slow = signal(bytes, line.end());
            if (!fast.equals(slow)) {
                throw new IllegalStateException(fast + " is " + slow);
            }
        }
    }),
    SIGNAL_ARRAY(arrays(), bytes -> {
        try (JsonParser parser = RequestJson.parser(new ByteArrayInputStream(bytes))) {
            if (parser.nextToken() == JsonToken.START_ARRAY) {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    SignalJson.read(parser, Fixed.TENANT);
                }
            }
        } catch (JsonProcessingException e) {
            throw RequestJson.malformed("the body", e);
        } catch (CharConversionException e) {
            throw RequestJson.malformed("the body", e);
        }
    }),
    OBJECT(objects(), bytes -> {
        Fields fields = RequestJson.object(new ByteArrayInputStream(bytes));
        fields.scalar("a");
        fields.number("b");
        fields.whole("c");
        fields.truth("d");
        fields.list("e");
        fields.items("f");
        fields.end();
    }),
    KEY(texts("8f14e45f-ceea-467f-a0e6-d4b1c3b4d5f6", "an order"), bytes -> Keys.of(text(bytes)));

    private static final class Fixed {
        static final TenantId TENANT = TenantId.of(7);
    }

    /** Reads from memory, which cannot fail. */
    private interface Reader {
        void read(byte[] bytes) throws IOException;
    }

    private final List<byte[]> examples;
    private final Reader reader;

    BodyDecoder(List<byte[]> examples, Reader reader) {
        this.examples = examples;
        this.reader = reader;
    }

    private static Signal signal(byte[] bytes, int end) throws IOException {
        try (JsonParser parser = RequestJson.signalParser(bytes, 0, end)) {
            parser.nextToken();
            return SignalJson.read(parser, Fixed.TENANT);
        } catch (TidalException e) {
            throw new IllegalStateException("only the fast one takes it", e);
        }
    }

    private static List<byte[]> lines() {
        return texts(
                "{\"tenant\":7,\"signal\":\"view\",\"entity\":\"42\",\"weight\":1.5,\"ts\":\"2026-11-21T10:00:00.123Z\"}\n",
                "{\"signal\":\"like\",\"entity_name\":\"a b\",\"weight\":-2,\"ts\":1700000000000000000}\r\n"
                        + "{\"signal\":\"like\",\"entity\":1}",
                "\uFEFF{\"signal\":\"\\u00e9\",\"entity\":18446744073709551615}\n \n");
    }

    private static List<byte[]> arrays() {
        return Stream.of(StandardCharsets.UTF_8, StandardCharsets.UTF_16BE, StandardCharsets.UTF_16LE)
                .map(
                        "[{\"signal\":\"view\",\"entity\":42,\"ts\":\"2026-11-21T10:00:00Z\"},{\"signal\":\"é\"}]"
                                ::getBytes)
                .toList();
    }

    private static List<byte[]> objects() {
        return texts("{\"a\":\"x\",\"b\":1.5e3,\"c\":7,\"d\":true,\"e\":[\"y\",2],\"f\":[{\"g\":null}]}");
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

    /** @throws TidalException if it is refused */
    @Override
    public void read(byte[] bytes) {
        try {
            reader.read(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
