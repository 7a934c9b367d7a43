package io.tidaldb.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** {@code sslscan}: tries with a TLS library of its own what a port agrees to, and for well-known weaknesses. */
public final class Sslscan {

    private Sslscan() {}

    /** Returns whether the program is installed. */
    public static boolean isInstalled() {
        try {
            return new ProcessBuilder("sslscan", "--version")
                            .redirectErrorStream(true)
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
     * Scans a port of this machine.
     *
     * @param options further ones of the program
     * @return the lines that it printed, with single spaces
     * @throws IOException if it can't be started
     */
    public static List<String> scan(int port, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of("sslscan", "--no-colour", "--no-groups"));
        command.addAll(List.of(options));
        command.add("127.0.0.1:" + port);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        return printed.lines().map(line -> line.strip().replaceAll("\\s+", " ")).toList();
    }

    /** Returns the lines of a scan that name ciphers which the port agrees to. */
    public static List<String> accepted(List<String> scan) {
        return scan.stream()
                .filter(line -> line.startsWith("Preferred ") || line.startsWith("Accepted "))
                .toList();
    }
}
