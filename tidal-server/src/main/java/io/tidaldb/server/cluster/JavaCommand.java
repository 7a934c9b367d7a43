package io.tidaldb.server.cluster;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The command line of this process, for others that do something else: the same Java, options and classes. */
final class JavaCommand {

    private static final String MAIN = "io.tidaldb.server.TidalCommand";

    // Debuggers and agents are one process's own, and so is a file that is written at its end.
    private static final Pattern OWN = Pattern.compile(
            "-agentlib:.*|-agentpath:.*|-javaagent:.*|-Xrunjdwp:.*|-Xdebug|-XX:ArchiveClassesAtExit=.*|-Xlog:.*:file=.*");

    private JavaCommand() {}

    static List<String> tidal(String... words) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !OWN.matcher(option).matches())
                .forEach(command::add);
        String classes = System.getProperty("java.class.path");
        // What its manifest says counts only if a jar is what is run.
        if (classes.endsWith(".jar") && !classes.contains(File.pathSeparator)) {
            command.addAll(List.of("-jar", classes));
        } else {
            command.addAll(List.of("-cp", classes, MAIN));
        }
        command.addAll(List.of(words));
        return command;
    }
}
