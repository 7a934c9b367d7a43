package io.tidaldb.testkit;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** {@code openssl s_client}: a TLS client that is not the JDK's, and may offer what the JDK would not. */
public final class Openssl {

    private Openssl() {}

    /** Returns whether the program is installed. */
    public static boolean isInstalled() {
        try {
            return new ProcessBuilder("openssl", "version")
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .onExit()
                            .join()
                            .exitValue()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Connects to a port of this machine, says something and listens until the other side closes the connection.
     *
     * @param says in ASCII
     * @param options further ones of {@code s_client}
     * @return all that the program printed: what was agreed on, what it heard, and why it failed
     * @throws IOException if it can't be started
     */
    public static String connect(int port, String says, String... options) throws IOException {
        List<String> command =
                new ArrayList<>(List.of("openssl", "s_client", "-connect", "127.0.0.1:" + port, "-brief", "-ign_eof"));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(says.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // It has ended before: what it printed says why.
        }
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
}
