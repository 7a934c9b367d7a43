package io.tidaldb.server.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;

/** Reads one YAML document of bounded size and depth, without anchors and tags: a configuration needs neither. */
final class YamlReader {

    static final int MAX_CHARACTERS = 1 << 20;
    private static final int MAX_DEPTH = 16;
    private static final YAMLFactory FACTORY = factory();

    private final String name;
    private final YAMLParser parser;

    private YamlReader(String name, YAMLParser parser) {
        this.name = name;
        this.parser = parser;
    }

    /**
     * Reads a document; an empty one is a null scalar.
     *
     * @param name what messages call it
     * @throws TidalException INVALID_CONFIGURATION if the text is not such a document
     */
    static YamlNode read(String name, String text) {
        try (YAMLParser parser = FACTORY.createParser(text)) {
            YamlReader reader = new YamlReader(name, parser);
            JsonToken first = parser.nextToken();
            YamlNode root = first == null ? new YamlNode.Scalar(1, null) : reader.node(first, 0);
            if (parser.nextToken() != null) {
                throw reader.fault("holds a second document: expected one");
            }
            return root;
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            String reason =
                    String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
            throw invalid(name + " line " + line + " is not YAML: " + reason);
        } catch (IOException e) {
            throw invalid(name + " can't be read: " + e.getMessage());
        }
    }

    private static YAMLFactory factory() {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setCodePointLimit(MAX_CHARACTERS);
        options.setNestingDepthLimit(MAX_DEPTH);
        return YAMLFactory.builder().loaderOptions(options).build();
    }

    private YamlNode node(@Nullable JsonToken token, int depth) throws IOException {
        if (parser.isCurrentAlias() || parser.getObjectId() != null || parser.getTypeId() != null) {
            throw fault("uses an anchor, alias or tag: expected plain values");
        }
        if (token == null || depth > MAX_DEPTH) {
            throw fault("is nested too deeply: expected at most " + MAX_DEPTH + " levels");
        }
        return switch (token) {
            case START_OBJECT -> mapping(depth);
            case START_ARRAY -> sequence(depth);
            case VALUE_NULL -> new YamlNode.Scalar(line(), null);
            default -> new YamlNode.Scalar(line(), parser.getText());
        };
    }

    private YamlNode mapping(int depth) throws IOException {
        int line = line();
        Map<String, YamlNode> fields = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            int keyLine = line();
            YamlNode value = node(parser.nextToken(), depth + 1);
            if (fields.putIfAbsent(
                            key, value instanceof YamlNode.Scalar s ? new YamlNode.Scalar(keyLine, s.text()) : value)
                    != null) {
                throw invalid(name + " line " + keyLine + " has the key \"" + key + "\" a second time");
            }
        }
        return new YamlNode.Mapping(line, fields);
    }

    private YamlNode sequence(int depth) throws IOException {
        int line = line();
        List<YamlNode> items = new ArrayList<>();
        for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
            items.add(node(next, depth + 1));
        }
        return new YamlNode.Sequence(line, items);
    }

    private int line() {
        return parser.currentTokenLocation().getLineNr();
    }

    private TidalException fault(String what) {
        return invalid(name + " line " + line() + " " + what);
    }

    static TidalException invalid(String message) {
        return new TidalException(ErrorCode.INVALID_CONFIGURATION, message);
    }
}
