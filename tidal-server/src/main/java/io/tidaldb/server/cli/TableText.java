package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A JSON object as text: its plain fields one a line, then each list of objects as a table. */
final class TableText {

    private final StringBuilder text = new StringBuilder();

    private TableText() {}

    static String of(ObjectNode object) {
        TableText table = new TableText();
        table.append("", object);
        return table.text.toString();
    }

    private void append(String prefix, ObjectNode object) {
        List<List<String>> plain = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (!isNested(field.getValue())) {
                plain.add(List.of(field.getKey(), cell(field.getValue())));
            }
        }
        rows(plain);
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (field.getValue() instanceof ObjectNode inner) {
                heading(prefix + field.getKey());
                append(prefix + field.getKey() + ".", inner);
            } else if (isNested(field.getValue())) {
                heading(prefix + field.getKey());
                list(field.getValue());
            }
        }
    }

    private void heading(String name) {
        if (text.length() > 0) {
            text.append(System.lineSeparator()).append(name).append(System.lineSeparator());
        }
    }

    private void list(JsonNode objects) {
        Set<String> columns = new LinkedHashSet<>();
        objects.forEach(row -> row.fieldNames().forEachRemaining(columns::add));
        List<List<String>> rows = new ArrayList<>();
        rows.add(columns.stream().map(name -> name.replace('_', ' ')).toList());
        for (JsonNode row : objects) {
            rows.add(columns.stream().map(column -> cell(row.path(column))).toList());
        }
        rows(rows);
    }

    private void rows(List<List<String>> rows) {
        if (rows.isEmpty()) {
            return;
        }
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            text.append(line.toString().stripTrailing()).append(System.lineSeparator());
        }
    }

    private static boolean isNested(JsonNode value) {
        return value.isObject()
                || (value.isArray() && !value.isEmpty() && value.get(0).isObject());
    }

    private static String cell(JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            return "-";
        }
        if (value.isArray()) {
            List<String> parts = new ArrayList<>();
            value.forEach(part -> parts.add(cell(part)));
            return parts.isEmpty() ? "-" : String.join(",", parts);
        }
        return value.isObject() ? value.toString() : value.asText();
    }
}
