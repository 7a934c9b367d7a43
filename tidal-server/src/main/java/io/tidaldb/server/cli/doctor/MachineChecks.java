package io.tidaldb.server.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What of this machine and process matters to a node. */
final class MachineChecks {

    private static final long MIB = 1 << 20;
    private static final long MIN_HEAP_BYTES = 256 * MIB;
    private static final long MIN_OPEN_FILES = 4_096;
    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final Pattern OPEN_FILES = Pattern.compile("Max open files\\s+(\\d+|unlimited)");

    private MachineChecks() {}

    static List<Finding> all() {
        return List.of(java(), processors(), heap(), openFiles());
    }

    private static Finding java() {
        String found = Runtime.version() + " by " + System.getProperty("java.vendor");
        return Runtime.version().feature() >= 17
                ? Finding.good("java", found)
                : Finding.bad("java", found, "use a JDK 17 or newer");
    }

    private static Finding processors() {
        int count = Runtime.getRuntime().availableProcessors();
        return count > 1
                ? Finding.good("processors", count + " are available")
                : Finding.better("processors", "1 is available", "give a node two or more: writes and reads share it");
    }

    private static Finding heap() {
        long bytes = Runtime.getRuntime().maxMemory();
        String found = bytes / MIB + " MiB at most";
        return bytes >= MIN_HEAP_BYTES
                ? Finding.good("heap", found)
                : Finding.better("heap", found, "set TIDAL_OPTS=-Xmx1g or more, as far as the machine has it");
    }

    private static Finding openFiles() {
        try {
            Matcher limit = OPEN_FILES.matcher(Files.readString(LIMITS));
            if (!limit.find()) {
                return Finding.good("open files", "the limit is not known here");
            }
            boolean enough = limit.group(1).equals("unlimited") || Long.parseLong(limit.group(1)) >= MIN_OPEN_FILES;
            String found = "at most " + limit.group(1);
            return enough
                    ? Finding.good("open files", found)
                    : Finding.better("open files", found, "raise it to 65536: connections and segments are files");
        } catch (IOException e) {
            return Finding.good("open files", "the limit is not known here");
        }
    }
}
