package io.tidaldb.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A benchmark's command line: {@code --name value} pairs, all with defaults. Anything else ends the process with exit code 2. */
final class Options {

    private final Map<String, String> values;

    private Options(Map<String, String> values) {
        this.values = values;
    }

    static Options parse(String[] args, Map<String, String> defaults) {
        Map<String, String> values = new TreeMap<>(defaults);
        for (int i = 0; i < args.length; i += 2) {
            if (!values.containsKey(args[i]) || i + 1 == args.length) {
                System.err.println("unknown option or missing value: " + args[i] + "; expected " + values.keySet());
                System.exit(2);
            }
            values.put(args[i], args[i + 1]);
        }
        return new Options(values);
    }

    /** Returns all, defaults included. */
    Map<String, String> values() {
        return values;
    }

    String text(String name) {
        return values.getOrDefault(name, "");
    }

    List<String> texts(String name) {
        return text(name).isEmpty() ? List.of() : List.of(text(name).split(",", -1));
    }

    int number(String name) {
        return Integer.parseInt(text(name));
    }

    double seconds(String name) {
        return Double.parseDouble(text(name));
    }

    int[] numbers(String name) {
        return text(name).isEmpty()
                ? new int[0]
                : Arrays.stream(text(name).split(",", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray();
    }
}
