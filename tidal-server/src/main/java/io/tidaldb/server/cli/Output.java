package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.importing.Json;
import java.io.PrintWriter;

/**
 * Where a command's result goes: one JSON object on standard output, or the same as text for people. Notes go to standard error.
 */
public final class Output {

    /** How results are printed. */
    public enum Format {
        /** Text for people. */
        TABLE,
        /** One JSON object. */
        JSON
    }

    private final PrintWriter out;
    private final PrintWriter err;
    private final Format format;

    Output(PrintWriter out, PrintWriter err, Format format) {
        this.out = out;
        this.err = err;
        this.format = format;
    }

    /** Prints a result. */
    public void result(ObjectNode result) {
        if (format == Format.JSON) {
            out.println(Json.print(result));
        } else {
            out.print(TableText.of(result));
        }
        out.flush();
    }

    /** Prints one line of a stream, as JSON in either format; flushed at {@link #end}. */
    public void line(JsonNode line) {
        out.write(Json.print(line));
        out.write('\n');
    }

    /** Ends a stream. */
    public void end() {
        out.flush();
    }

    /** Prints a line for people to standard error. */
    public void note(String text) {
        err.println(text);
        err.flush();
    }

    /** Returns whether results are JSON. */
    public boolean json() {
        return format == Format.JSON;
    }

    /** Returns standard output. */
    public PrintWriter out() {
        return out;
    }

    /** Returns standard error. */
    public PrintWriter err() {
        return err;
    }
}
