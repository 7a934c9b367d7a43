package io.tidaldb.it;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;

/** An OpenAPI document as a page. */
final class HttpReference {

    private static final String INTRODUCTION = """
            [HTTP](http.md) tells the same with examples, and what is promised. The document itself is at `/v1/openapi.json` of every node. A request that
            fails is answered with a [Problem](#problem). *Access* says which scope of a token a request needs; `OPEN` needs none.

            """;

    private final StringBuilder page = new StringBuilder(INTRODUCTION);

    private HttpReference() {}

    static String render(JsonNode document) {
        HttpReference reference = new HttpReference();
        reference.page.append("## Routes\n");
        document.get("paths")
                .properties()
                .forEach(path -> path.getValue()
                        .properties()
                        .forEach(each -> reference.route(
                                each.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(), each.getValue())));
        reference.page.append("\n## Shapes\n\nA field that may be missing has a question mark.\n");
        document.at("/components/schemas").properties().forEach(reference::shape);
        return reference.page.toString();
    }

    private void route(String name, JsonNode operation) {
        page.append("\n### ").append(name).append("\n\n");
        page.append(operation.path("summary").asText())
                .append(". Access: `")
                .append(operation.path("x-access").asText())
                .append("`.\n\n");
        for (JsonNode parameter : operation.path("parameters")) {
            String about = parameter.path("description").asText();
            page.append("- %s `%s`: %s%s%n"
                    .formatted(
                            parameter.path("in").asText(),
                            parameter.path("name").asText(),
                            type(parameter.path("schema")),
                            about.isEmpty() ? "" : ". " + about));
        }
        operation
                .at("/requestBody/content")
                .properties()
                .forEach(body -> page.append("- body `%s`: %s%n"
                        .formatted(body.getKey(), type(body.getValue().path("schema")))));
        operation.path("responses").properties().stream()
                .filter(answer -> !answer.getKey().equals("default"))
                .forEach(answer -> answer.getValue()
                        .path("content")
                        .properties()
                        .forEach(content -> page.append("- %s: %s; `%s`: %s%n"
                                .formatted(
                                        answer.getKey(),
                                        answer.getValue().path("description").asText(),
                                        content.getKey(),
                                        type(content.getValue().path("schema"))))));
    }

    private void shape(Map.Entry<String, JsonNode> shape) {
        page.append("\n### ").append(shape.getKey()).append("\n\n");
        if (!shape.getValue().has("properties")) {
            page.append(type(shape.getValue())).append(".\n");
            return;
        }
        page.append("| field | type |\n| --- | --- |\n");
        shape.getValue()
                .get("properties")
                .properties()
                .forEach(field -> page.append("| `%s`%s | %s |%n"
                        .formatted(
                                field.getKey(),
                                required(shape.getValue()).contains(field.getKey()) ? "" : "?",
                                type(field.getValue()))));
    }

    private static List<String> required(JsonNode shape) {
        return StreamSupport.stream(shape.path("required").spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private static String type(JsonNode schema) {
        if (schema.has("$ref")) {
            String name = schema.get("$ref").asText().replaceFirst(".*/", "");
            return "[%s](#%s)".formatted(name, name.toLowerCase(Locale.ROOT));
        }
        if (schema.has("enum")) {
            return "`" + String.join("`, `", texts(schema.get("enum"))) + "`";
        }
        if (schema.has("items")) {
            return "list of " + type(schema.get("items"));
        }
        if (schema.has("properties")) {
            List<String> fields = new ArrayList<>();
            List<String> required = required(schema);
            schema.get("properties")
                    .properties()
                    .forEach(field -> fields.add("`" + field.getKey() + "`"
                            + (required.contains(field.getKey()) ? "" : "?") + " " + type(field.getValue())));
            return "object of " + String.join(", ", fields);
        }
        if (schema.path("additionalProperties").isObject()) {
            return "map of text to " + type(schema.get("additionalProperties"));
        }
        for (String choice : List.of("anyOf", "oneOf")) {
            if (schema.has(choice)) {
                return String.join(
                        " or ",
                        StreamSupport.stream(schema.get(choice).spliterator(), false)
                                .map(HttpReference::type)
                                .toList());
            }
        }
        String type = schema.path("type").isArray()
                ? String.join(" or ", texts(schema.get("type")))
                : schema.path("type").asText("anything");
        return schema.path("format").asText().equals("date-time") ? "time" : type.replace("string", "text");
    }

    private static List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }
}
