package io.tidaldb.server.http.openapi;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.http.exchange.Access;
import io.tidaldb.server.http.exchange.MediaTypes;
import io.tidaldb.server.http.exchange.Route;
import io.tidaldb.server.importing.Json;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The route table as an OpenAPI 3.1 document. */
public final class OpenApiDocument {

    private OpenApiDocument() {}

    /** Returns the document of these routes. */
    public static ObjectNode of(List<Route> routes, String version) {
        ObjectNode document = Json.object().put("openapi", "3.1.0");
        document.putObject("info")
                .put("title", "Tidal")
                .put("version", version)
                .put("description", "A multi-tenant, sharded signal store. Errors are application/problem+json.");
        Map<String, ObjectNode> paths = new TreeMap<>();
        for (Route route : routes) {
            paths.computeIfAbsent(route.path(), path -> Json.object())
                    .set(route.method().name().toLowerCase(Locale.ROOT), operation(route));
        }
        ObjectNode allPaths = document.putObject("paths");
        paths.forEach(allPaths::set);
        ObjectNode components = document.putObject("components");
        ObjectNode schemas = components.putObject("schemas");
        Schemas.all().forEach(schemas::set);
        components
                .putObject("securitySchemes")
                .putObject("token")
                .put("type", "http")
                .put("scheme", "bearer");
        return document;
    }

    private static ObjectNode operation(Route route) {
        ObjectNode operation = Json.object()
                .put("summary", route.summary())
                .put("operationId", operationId(route))
                .put("x-access", route.access().name());
        if (route.access() == Access.OPEN) {
            operation.putArray("security");
        } else {
            operation.putArray("security").addObject().putArray("token");
        }
        parameters(route, operation.putArray("parameters"));
        if (!route.bodies().isEmpty()) {
            ObjectNode content =
                    operation.putObject("requestBody").put("required", true).putObject("content");
            route.bodies()
                    .forEach((mediaType, schema) -> content.putObject(mediaType).set("schema", schema));
        }
        ObjectNode responses = operation.putObject("responses");
        route.answers()
                .forEach((status, answer) -> responses
                        .putObject(status.toString())
                        .put("description", answer.description())
                        .putObject("content")
                        .putObject(answer.mediaType())
                        .set("schema", answer.schema()));
        responses
                .putObject("default")
                .put("description", "An error; code says which")
                .putObject("content")
                .putObject(MediaTypes.PROBLEM)
                .set("schema", Schema.ref("Problem"));
        return operation;
    }

    private static String operationId(Route route) {
        StringBuilder id = new StringBuilder(route.method().name().toLowerCase(Locale.ROOT));
        for (String word : route.path().split("[^a-z0-9]+", -1)) {
            if (!word.isEmpty()) {
                id.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
            }
        }
        return id.toString();
    }

    private static void parameters(Route route, ArrayNode parameters) {
        route.pathParameters()
                .forEach(name ->
                        parameter(parameters, name, "path", Schema.text(), "").put("required", true));
        route.query().forEach(each -> parameter(parameters, each.name(), "query", each.schema(), each.description()));
        route.headers()
                .forEach(each -> parameter(parameters, each.name(), "header", each.schema(), each.description()));
    }

    private static ObjectNode parameter(
            ArrayNode parameters, String name, String in, ObjectNode schema, String description) {
        ObjectNode parameter = parameters.addObject().put("name", name).put("in", in);
        if (!description.isEmpty()) {
            parameter.put("description", description);
        }
        parameter.set("schema", schema);
        return parameter;
    }
}
