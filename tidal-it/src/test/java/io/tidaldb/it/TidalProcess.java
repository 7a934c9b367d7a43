package io.tidaldb.it;

import io.tidaldb.server.TidalCommand;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A tidal command in a process of its own: {@code ./tidal} if the server was packaged, else the same main class from the classes that are
 * being tested, so that nothing older is.
 */
final class TidalProcess implements AutoCloseable {

    // Commands live for a second or two, so what counts is how soon they start.
    private static final List<String> FAST_START = List.of("-XX:TieredStopAtLevel=1", "-Xmx512m");

    private final Process process;
    private final Path err;
    private final BufferedReader out;

    private TidalProcess(Process process, Path err) {
        this.process = process;
        this.err = err;
        this.out = process.inputReader(StandardCharsets.UTF_8);
    }

    /** @param err the file that its standard error goes to */
    static TidalProcess start(Path err, Object... words) {
        return start(Map.of(), err, words);
    }

    /** @param environment what its environment, and that of all that it starts, has besides */
    static TidalProcess start(Map<String, String> environment, Path err, Object... words) {
        return start(launcher(), environment, err, words);
    }

    /** As {@link #start(Path, Object...)}, by the version after this one: its jar if that was built, else its resources before the classes. */
    static TidalProcess startNext(Path err, Object... words) {
        Path jar = Repository.root().resolve("tidal-it/target/tidal-next.jar");
        if (packaged() && Files.exists(jar)) {
            return start(launcher(), Map.of("TIDAL_JAR", jar.toString()), err, words);
        }
        String next = Repository.root().resolve("tidal-it/src/next/resources").toString();
        return start(java(next + File.pathSeparator + System.getProperty("java.class.path")), Map.of(), err, words);
    }

    /** @param under a command that runs the one after it, such as {@code prlimit} */
    static TidalProcess start(List<String> under, Path err, Object... words) {
        List<String> command = new ArrayList<>(under);
        command.addAll(launcher());
        return start(command, Map.of(), err, words);
    }

    private static TidalProcess start(
            List<String> launcher, Map<String, String> environment, Path err, Object... words) {
        List<String> command = new ArrayList<>(launcher);
        Arrays.stream(words).map(Object::toString).forEach(command::add);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
        builder.environment().put("TIDAL_OPTS", String.join(" ", FAST_START));
        builder.environment().putAll(environment);
        try {
            return new TidalProcess(builder.start(), err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns whether the packaged command is what {@link #start} starts. */
    static boolean packaged() {
        return Repository.home(TidalCommand.class).getFileName().toString().endsWith(".jar");
    }

    private static List<String> launcher() {
        return packaged() ? List.of(Script.PATH) : java(System.getProperty("java.class.path"));
    }

    private static List<String> java(String classes) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(FAST_START);
        command.addAll(List.of("-cp", classes, TidalCommand.class.getName()));
        return command;
    }

    /** The script, with the archive of classes that makes all that it starts ready sooner: the build leaves none. */
    private static final class Script {

        static final String PATH = Repository.root().resolve("tidal").toString();

        static {
            ProcessBuilder first =
                    new ProcessBuilder(PATH, "--version").redirectOutput(ProcessBuilder.Redirect.DISCARD);
            first.environment().put("TIDAL_ARCHIVE", "new");
            try {
                first.redirectError(ProcessBuilder.Redirect.DISCARD).start().waitFor();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted while the archive of classes was written", e);
            }
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Returns the next line that it prints, or null if it ends without. */
    @Nullable
    String line() {
        try {
            return out.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Lets it run for this long, or until it ends by itself. */
    void letRun(Duration atMost) throws InterruptedException {
        process.waitFor(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Asks it to end, as SIGTERM does; its last words can still be read. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Ends it as {@code kill -9} does. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** Waits for its end and returns the exit code. */
    int exitCode() throws InterruptedException {
        return process.waitFor();
    }

    /** Returns what it has said on standard error. */
    String errors() {
        try {
            return Files.readString(err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
