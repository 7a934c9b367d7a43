package io.tidaldb.server.config;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A part of a YAML document that knows where it stands. */
sealed interface YamlNode {

    /** Returns the line, from 1. */
    int line();

    /** Text, a number, a truth value or nothing; as it is written. */
    record Scalar(int line, @Nullable String text) implements YamlNode {}

    /** A list. */
    record Sequence(int line, List<YamlNode> items) implements YamlNode {}

    /** Keys with values, in order. */
    record Mapping(int line, Map<String, YamlNode> fields) implements YamlNode {}
}
