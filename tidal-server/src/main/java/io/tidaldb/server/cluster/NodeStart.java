package io.tidaldb.server.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;

/**
 * A node that was started, and may not serve yet.
 *
 * @param logFrom where in its log its present life begins
 */
record NodeStart(LocalNode node, Process process, long logFrom) {

    private static final int LAST_LINES = 5;
    private static final int LAST_BYTES = 16 << 10;
    private static final int MAX_LINE = 500;

    static NodeStart of(LocalNode node) throws IOException {
        long logFrom = Files.exists(node.log()) ? Files.size(node.log()) : 0;
        // Its standard output is a file: a thread dump that somebody asks for later goes there, too.
        ProcessBuilder builder = new ProcessBuilder(
                        JavaCommand.tidal("node", "--config", node.config().toString()))
                .directory(node.home().toFile())
                .redirectOutput(node.out().toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(node.log().toFile()));
        SharedEnvironment.hideSecrets(builder.environment());
        Process process = builder.start();
        try {
            node.process().write(process.toHandle());
        } catch (IOException e) {
            process.destroy();
            throw e;
        }
        return new NodeStart(node, process, logFrom);
    }

    /** Returns whether it has said so. */
    boolean serves() {
        try {
            return Files.readString(node.out())
                    .lines()
                    .anyMatch(line -> line.startsWith("READY node=" + node.name() + " ") && line.contains(" pid="));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the last lines of its log that are of its present life. */
    List<String> lastWords() throws IOException {
        try (SeekableByteChannel log = Files.newByteChannel(node.log())) {
            log.position(Math.max(logFrom, log.size() - LAST_BYTES));
            ByteBuffer end = ByteBuffer.allocate(LAST_BYTES);
            while (end.hasRemaining() && log.read(end) >= 0) {
                // Goes on until all is read.
            }
            List<String> lines = new String(end.array(), 0, end.position(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.length() > MAX_LINE ? line.substring(0, MAX_LINE) + "…" : line)
                    .toList();
            return lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
        }
    }
}
