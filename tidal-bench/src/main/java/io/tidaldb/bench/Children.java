package io.tidaldb.bench;

import java.io.IOException;

/** Processes that end with this one, also where that is stopped in the middle. */
final class Children {

    private Children() {}

    static Process start(ProcessBuilder builder) throws IOException {
        Process process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
        return process;
    }
}
