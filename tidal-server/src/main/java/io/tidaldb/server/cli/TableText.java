package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A JSON object as text: its plain fields one a line, then each list of objects as a table. A list of objects in a row of a table takes as many
 * lines as it has objects, with what the row itself says in the first one; fields of an object in a row are columns.
 */
final class TableText {

    private static final String MISSING = "-";

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
        List<Line> lines = new ArrayList<>();
        objects.forEach(object -> lines.addAll(lines(object, columns)));
        List<List<String>> rows = new ArrayList<>();
        rows.add(columns.stream().map(name -> name.replace('_', ' ')).toList());
        lines.forEach(line -> rows.add(columns.stream().map(line::text).toList()));
        rows(rows);
    }

    /** A line of a table, by column; in the first one of an object what is missing is marked. */
    private record Line(boolean first, Map<String, String> cells) {

        String text(String column) {
            return cells.getOrDefault(column, first ? MISSING : "");
        }
    }

    /** Returns an object's lines, and adds columns that are new. */
    private static List<Line> lines(JsonNode object, Set<String> columns) {
        List<Line> lines = new ArrayList<>(List.of(new Line(true, new HashMap<>())));
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (isNestedList(field.getValue())) {
                for (int i = 0; i < field.getValue().size(); i++) {
                    if (i == lines.size()) {
                        lines.add(new Line(false, new HashMap<>()));
                    }
                    Line line = lines.get(i);
                    field.getValue()
                            .get(i)
                            .properties()
                            .forEach(each -> put(each.getKey(), each.getValue(), line, columns));
                }
            } else {
                put(field.getKey(), field.getValue(), lines.get(0), columns);
            }
        }
        return lines;
    }

    private static void put(String column, JsonNode value, Line line, Set<String> columns) {
        if (value.isObject()) {
            value.properties().forEach(each -> put(column + "_" + each.getKey(), each.getValue(), line, columns));
        } else {
            columns.add(column);
            line.cells.put(column, cell(value));
        }
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
        return value.isObject() || isNestedList(value);
    }

    private static boolean isNestedList(JsonNode value) {
        return value.isArray() && !value.isEmpty() && value.get(0).isObject();
    }

    private static String cell(JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            return MISSING;
        }
        if (value.isArray()) {
            List<String> parts = new ArrayList<>();
            value.forEach(part -> parts.add(cell(part)));
            return parts.isEmpty() ? MISSING : String.join(",", parts);
        }
        return value.asText();
    }
}
