package io.tidaldb.server.http.openapi;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.importing.Json;
import java.util.List;

/** Builds JSON schemas, 2020-12, as OpenAPI 3.1 has them. */
public final class Schema {

    private final ObjectNode node = Json.object().put("type", "object");
    private final ObjectNode properties = node.putObject("properties");
    private final ArrayNode required = node.putArray("required");

    private Schema() {
        node.put("additionalProperties", false);
    }

    /** Starts an object without fields; others than those added are not allowed. */
    static Schema object() {
        return new Schema();
    }

    /** Adds a field that is always there. */
    Schema with(String name, ObjectNode schema) {
        properties.set(name, schema);
        required.add(name);
        return this;
    }

    /** Adds a field that may be missing. */
    Schema maybe(String name, ObjectNode schema) {
        properties.set(name, schema);
        return this;
    }

    ObjectNode build() {
        return node;
    }

    /** A text. */
    public static ObjectNode text() {
        return Json.object().put("type", "string");
    }

    static ObjectNode number() {
        return Json.object().put("type", "number");
    }

    /** True or false. */
    public static ObjectNode truth() {
        return Json.object().put("type", "boolean");
    }

    static ObjectNode time() {
        return text().put("format", "date-time");
    }

    /** A number that is text from 2^53 on. */
    public static ObjectNode count() {
        return types("integer", "string").put("minimum", 0).put("pattern", "^[0-9]+$");
    }

    /** An unsigned 64-bit number as text, as identities are answered. */
    public static ObjectNode id() {
        return text().put("pattern", "^[0-9]{1,20}$");
    }

    /** An unsigned 64-bit number as text or number, as identities are taken. */
    static ObjectNode idOrNumber() {
        return types("integer", "string");
    }

    /** Any of several types. */
    public static ObjectNode types(String... types) {
        ObjectNode schema = Json.object();
        ArrayNode names = schema.putArray("type");
        for (String type : types) {
            names.add(type);
        }
        return schema;
    }

    /** One of these texts. */
    public static ObjectNode oneOf(List<String> values) {
        ObjectNode schema = text();
        values.forEach(schema.putArray("enum")::add);
        return schema;
    }

    /** An array. */
    public static ObjectNode list(ObjectNode items) {
        ObjectNode schema = Json.object().put("type", "array");
        schema.set("items", items);
        return schema;
    }

    /** An object with free keys. */
    static ObjectNode map(ObjectNode values) {
        ObjectNode schema = Json.object().put("type", "object");
        schema.set("additionalProperties", values);
        return schema;
    }

    /** The shape of this name among {@link Schemas}. */
    public static ObjectNode ref(String name) {
        return Json.object().put("$ref", "#/components/schemas/" + name);
    }
}
