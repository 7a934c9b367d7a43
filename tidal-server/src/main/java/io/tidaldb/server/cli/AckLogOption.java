package io.tidaldb.server.cli;

import io.tidaldb.server.importing.AckLog;
import java.io.IOException;
import java.nio.file.Path;

/** Opens what {@code --ack-log} names. */
final class AckLogOption {

    static final String STANDARD_OUTPUT = "-";

    private AckLogOption() {}

    static AckLog open(String file) throws IOException {
        return file.equals(STANDARD_OUTPUT) ? AckLog.on(System.out) : AckLog.create(Path.of(file));
    }
}
