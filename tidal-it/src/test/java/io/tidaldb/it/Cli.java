package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tidaldb.server.TidalCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The command line, in this process: where it is the command that matters and not who runs it. */
final class Cli {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Cli() {}

    /** What a command answered. */
    record Answer(List<String> command, int code, String out, String err) {

        /** Fails unless the command did what it was asked for. */
        Answer done() {
            return ended(0);
        }

        /** Fails unless the command ended with this code. */
        Answer ended(int expected) {
            assertThat(code).as("%s%n%s%s", this, out, err).isEqualTo(expected);
            return this;
        }

        /** Returns the one JSON object on standard output. */
        JsonNode json() {
            return parse(out);
        }

        @Override
        public String toString() {
            return "tidal " + String.join(" ", command);
        }
    }

    static Answer run(Object... words) {
        List<String> command = Arrays.stream(words).map(Object::toString).toList();
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = execute(command, new PrintWriter(out), new PrintWriter(err));
        return new Answer(command, code, out.toString(), err.toString());
    }

    /** Runs a command that prints more than should be held in memory. */
    static Answer runInto(Path file, Object... words) {
        List<String> command = Arrays.stream(words).map(Object::toString).toList();
        StringWriter err = new StringWriter();
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file))) {
            int code = execute(command, out, new PrintWriter(err));
            return new Answer(command, code, "", err.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode parse(String text) {
        try {
            return MAPPER.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + text, e);
        }
    }

    private static int execute(List<String> command, PrintWriter out, PrintWriter err) {
        return TidalCommand.commandLine().setOut(out).setErr(err).execute(command.toArray(String[]::new));
    }
}
