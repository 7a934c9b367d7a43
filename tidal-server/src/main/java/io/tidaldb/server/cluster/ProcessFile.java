package io.tidaldb.server.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A file that names a process by its number and the time at which it was started: numbers are given to others later. */
record ProcessFile(Path file) {

    private static final Pattern FORM = Pattern.compile("(\\d{1,18}) (\\S+)\\s*");
    // The system counts in ticks since it was started, and when that was is known to the second.
    private static final Duration TOLERANCE = Duration.ofSeconds(2);

    /** Notes a process. */
    void write(ProcessHandle process) throws IOException {
        String started = process.info().startInstant().map(Instant::toString).orElse("-");
        Files.writeString(file, process.pid() + " " + started + "\n");
    }

    /** Returns the process that was noted last, if it still runs. */
    Optional<ProcessHandle> running() throws IOException {
        Matcher noted = FORM.matcher(text());
        if (!noted.matches()) {
            return Optional.empty();
        }
        return ProcessHandle.of(Long.parseLong(noted.group(1)))
                .filter(ProcessFile::isAlive)
                .filter(process -> isSame(process, noted.group(2)));
    }

    /** Returns whether a process runs: one that has ended and whose end nobody has asked for yet does not. */
    static boolean isAlive(ProcessHandle process) {
        if (!process.isAlive()) {
            return false;
        }
        try {
            // The state follows the name of the program, which may itself hold parentheses.
            String state = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return state.charAt(state.lastIndexOf(')') + 2) != 'Z';
        } catch (IOException | IndexOutOfBoundsException e) {
            return process.isAlive();
        }
    }

    private static boolean isSame(ProcessHandle process, String noted) {
        Optional<Instant> started = process.info().startInstant();
        // A process whose start can't be seen is somebody else's.
        return !noted.equals("-")
                && started.isPresent()
                && Duration.between(Instant.parse(noted), started.get()).abs().compareTo(TOLERANCE) <= 0;
    }

    private String text() throws IOException {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            return "";
        }
    }
}
