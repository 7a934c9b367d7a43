package io.tidaldb.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What became of a program that was run to its end.
 *
 * @param code its exit code; -1 if it could not be started
 * @param text what it printed, or why it could not be started
 */
record Outcome(int code, String text) {

    static Outcome of(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return new Outcome(process.waitFor(), text);
        } catch (IOException e) {
            return new Outcome(-1, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while " + command + " ran", e);
        }
    }
}
