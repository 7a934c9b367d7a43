package io.tidaldb.server.cli.migrate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Waits for a migration. */
final class MigrationWait {

    private static final long PAUSE_MILLIS = 50;

    /** From when on somebody who looks wants to know what it waits for. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private MigrationWait() {}

    /**
     * Waits until a migration is over, or only the time of its hold has to pass; returns how far it is then.
     *
     * @param seen is told each state that is new, and what it waits for where that takes longer
     */
    static ObjectNode until(Backend backend, long id, Consumer<String> seen) throws InterruptedException {
        String before = "";
        String waits = "";
        long since = System.nanoTime();
        boolean told = true;
        while (true) {
            ObjectNode status = backend.migration(id, null);
            String state = status.path("state").asText();
            String note = status.path("note").asText("");
            if (!state.equals(before)) {
                seen.accept(state);
            }
            if (!state.equals(before) || !note.equals(waits)) {
                before = state;
                waits = note;
                since = System.nanoTime();
                told = note.isEmpty();
            }
            if (isDone(status)) {
                return status;
            }
            if (!told && System.nanoTime() - since > PATIENCE_NANOS) {
                seen.accept(state + ": " + note);
                told = true;
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
    }

    private static boolean isDone(ObjectNode status) {
        return isOver(status) || status.path("state").asText().equals("HOLD") && isHeld(status);
    }

    /** Returns whether a migration is where nothing more happens to it. */
    static boolean isOver(JsonNode status) {
        String state = status.path("state").asText();
        return state.equals("COMPLETE") || state.equals("ABORTED");
    }

    private static boolean isHeld(ObjectNode status) {
        String until = status.path("held_until").asText("");
        return !until.isEmpty() && Instant.parse(until).isAfter(Instant.now());
    }

    /** Returns the exit code for where a migration ended. */
    static int code(ObjectNode status, String unwanted) {
        return status.path("state").asText().equals(unwanted) ? ExitCodes.FAILED : ExitCodes.DONE;
    }
}
