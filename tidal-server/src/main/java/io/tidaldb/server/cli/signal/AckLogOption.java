package io.tidaldb.server.cli.signal;

import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.importing.AckLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens what {@code --ack-log} names. */
final class AckLogOption {

    static final String STANDARD_OUTPUT = "-";

    private AckLogOption() {}

    /**
     * Refuses what can't become a log, before anything is opened or created.
     *
     * @param source the file that the events come from, which the log must not overwrite
     */
    static void check(String file, String source) throws IOException {
        check(file);
        Path log = Path.of(file);
        if (!file.equals(STANDARD_OUTPUT)
                && Files.exists(log)
                && Files.exists(Path.of(source))
                && Files.isSameFile(log, Path.of(source))) {
            throw CliException.usage("--ack-log " + file + " is the file of events: expected another one");
        }
    }

    /** Refuses what can't become a log, before anything is opened or created. */
    static void check(String file) {
        if (file.equals(STANDARD_OUTPUT)) {
            return;
        }
        Path log = Path.of(file);
        if (Files.isDirectory(log)) {
            throw CliException.usage(
                    "--ack-log " + file + " is a directory: expected a file, or - for standard output");
        }
        Path parent = log.toAbsolutePath().getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            throw CliException.failed("--ack-log " + file + " can't be written: " + parent
                    + " is not a directory; create it, or choose another file");
        }
    }

    /** Opens it, over a file that exists: only once it is certain that there will be something to acknowledge. */
    static AckLog open(String file) throws IOException {
        return file.equals(STANDARD_OUTPUT) ? AckLog.on(System.out) : AckLog.create(Path.of(file));
    }
}
