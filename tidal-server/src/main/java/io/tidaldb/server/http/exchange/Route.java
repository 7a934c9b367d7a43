package io.tidaldb.server.http.exchange;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A row of the route table.
 *
 * @param path with parameters in braces
 * @param query the query parameters that it takes; others are refused
 * @param headers request headers that mean something to it
 * @param bodies schema of the request body by media type; none if it takes no body
 * @param answers by status; errors that any route can have are not among them
 */
public record Route(
        Method method,
        String path,
        Access access,
        String summary,
        List<Parameter> query,
        List<Parameter> headers,
        SortedMap<String, ObjectNode> bodies,
        SortedMap<Integer, Answer> answers,
        Handler handler) {

    private static final Pattern PATH_PARAMETER = Pattern.compile("\\{([a-z]+)}");

    /** What a route does with a request. */
    public interface Handler {

        /** Answers, or throws what says why not. */
        void handle(Exchange exchange) throws Exception;
    }

    /** A parameter in the query or a header. */
    public record Parameter(String name, ObjectNode schema, String description) {}

    /**
     * What a route answers.
     *
     * @param mediaType the type of its content
     * @param schema of its content
     */
    public record Answer(String description, String mediaType, ObjectNode schema) {}

    /** Begins a route that takes no parameters and no body. */
    public static Builder of(Method method, String path, Access access, String summary) {
        return new Builder(method, path, access, summary);
    }

    /** Returns the names of the parameters in the path. */
    public List<String> pathParameters() {
        return PATH_PARAMETER
                .matcher(path)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    /** Returns method and path. */
    public String name() {
        return method + " " + path;
    }

    /** Collects a route. */
    public static final class Builder {

        private final Method method;
        private final String path;
        private final Access access;
        private final String summary;
        private final List<Parameter> query = new ArrayList<>();
        private final List<Parameter> headers = new ArrayList<>();
        private final SortedMap<String, ObjectNode> bodies = new TreeMap<>();
        private final SortedMap<Integer, Answer> answers = new TreeMap<>();

        private Builder(Method method, String path, Access access, String summary) {
            this.method = method;
            this.path = path;
            this.access = access;
            this.summary = summary;
        }

        /** Adds a parameter of the query. */
        public Builder query(String name, ObjectNode schema, String description) {
            query.add(new Parameter(name, schema, description));
            return this;
        }

        /** Adds parameters of the query. */
        public Builder query(List<Parameter> parameters) {
            query.addAll(parameters);
            return this;
        }

        /** Adds a header that means something to it. */
        public Builder header(String name, ObjectNode schema, String description) {
            headers.add(new Parameter(name, schema, description));
            return this;
        }

        /** Adds a type of body that it takes. */
        public Builder body(String mediaType, ObjectNode schema) {
            bodies.put(mediaType, schema);
            return this;
        }

        /** Adds an answer in JSON. */
        public Builder answers(int status, String description, ObjectNode schema) {
            return answers(status, description, MediaTypes.JSON, schema);
        }

        /** Adds an answer. */
        public Builder answers(int status, String description, String mediaType, ObjectNode schema) {
            answers.put(status, new Answer(description, mediaType, schema));
            return this;
        }

        /** Returns the route. */
        public Route by(Handler handler) {
            return new Route(
                    method,
                    path,
                    access,
                    summary,
                    List.copyOf(query),
                    List.copyOf(headers),
                    java.util.Collections.unmodifiableSortedMap(bodies),
                    java.util.Collections.unmodifiableSortedMap(answers),
                    handler);
        }
    }

    /** Returns whether the route takes this media type. */
    public boolean takes(String mediaType) {
        return bodies.containsKey(mediaType);
    }

    /** Returns the media types that it takes, for messages. */
    String mediaTypes() {
        return String.join(" or ", bodies.keySet());
    }

    /** Returns the parameters of the query by name. */
    public Map<String, Parameter> queryByName() {
        Map<String, Parameter> byName = new TreeMap<>();
        query.forEach(parameter -> byName.put(parameter.name(), parameter));
        return byName;
    }
}
