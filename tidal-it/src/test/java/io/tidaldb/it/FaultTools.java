package io.tidaldb.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** The system's programs that make a disk small or faulty. What they set up is undone by {@link #close}, in the opposite order. */
final class FaultTools implements AutoCloseable {

    private final Deque<List<String>> undo = new ArrayDeque<>();

    /** Skips the test, in one line, if a command is missing or not permitted here. Returns what it printed. */
    static String need(String... command) {
        Outcome outcome = Outcome.of(List.of(command));
        if (outcome.code() != 0) {
            Assumptions.abort("skipped: " + String.join(" ", command) + " is not possible here: "
                    + outcome.text().replace('\n', ' '));
        }
        return outcome.text();
    }

    /** Runs a command that must succeed. */
    static String run(String... command) {
        return run(List.of(command));
    }

    private static String run(List<String> command) {
        Outcome outcome = Outcome.of(command);
        if (outcome.code() != 0) {
            throw new IllegalStateException(String.join(" ", command) + " failed: " + outcome.text());
        }
        return outcome.text();
    }

    /** Says what undoes something that was set up. */
    void undoBy(String... command) {
        undo.push(List.of(command));
    }

    @Override
    public void close() {
        IllegalStateException first = null;
        while (!undo.isEmpty()) {
            try {
                run(undo.pop());
            } catch (IllegalStateException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw new UncheckedIOException(new IOException(first));
        }
    }
}
