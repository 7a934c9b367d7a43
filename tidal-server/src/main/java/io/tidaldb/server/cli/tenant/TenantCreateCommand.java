package io.tidaldb.server.cli.tenant;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.server.cli.CliCommand;
import io.tidaldb.server.cli.CliException;
import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.NewStoreOptions;
import io.tidaldb.server.cli.backend.NewTenantOptions;
import io.tidaldb.server.cli.option.DryRunOption;
import io.tidaldb.server.importing.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "create",
        description = "Creates a tenant, or many.",
        footer = {
            "",
            "With --file, each line is an object as POST /v1/tenants takes it, with its number; one that is refused",
            "keeps no other from being created, is named with its line, and makes the exit code 1."
        })
final class TenantCreateCommand extends CliCommand {

    private static final int CHUNK = 2_000;
    private static final int NAMED = 20;

    @Mixin
    private final NewStoreOptions store = new NewStoreOptions();

    @Mixin
    private final NewTenantOptions wanted = new NewTenantOptions();

    @Option(names = "--file", paramLabel = "FILE|-", description = "Create all tenants that this NDJSON names.")
    @Nullable
    private Path file;

    @Mixin
    private final DryRunOption dryRun = new DryRunOption();

    @Override
    public Integer call() throws IOException {
        if (file != null && dryRun.isGiven()) {
            throw CliException.usage("--file and --dry-run exclude each other");
        }
        if (file != null && !wanted.toJson().isEmpty()) {
            throw CliException.usage("--file and options about one tenant exclude each other: put them into the file");
        }
        try (Backend backend = store.openOrCreate(token())) {
            if (dryRun.isGiven()) {
                return DryRunOption.show(output(), backend.planCreation(wanted));
            }
            if (file == null) {
                output().result(backend.createTenant(wanted));
                return ExitCodes.DONE;
            }
            ObjectNode result = createAll(backend, file);
            output().result(result);
            return result.path("refused").asInt() == 0 ? ExitCodes.DONE : ExitCodes.FAILED;
        }
    }

    private static ObjectNode createAll(Backend backend, Path file) throws IOException {
        ObjectNode result = Json.object().put("created", 0).put("refused", 0);
        ArrayNode refusals = Json.object().arrayNode();
        List<JsonNode> chunk = new ArrayList<>();
        List<Integer> lines = new ArrayList<>();
        ObjectMapper mapper = new ObjectMapper();
        try (BufferedReader reader = reader(file)) {
            int number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (!line.isBlank()) {
                    chunk.add(definition(mapper, line));
                    lines.add(number);
                }
                if (chunk.size() == CHUNK) {
                    flush(backend, chunk, lines, result, refusals);
                }
            }
        }
        flush(backend, chunk, lines, result, refusals);
        result.set("refusals", refusals);
        return result;
    }

    private static BufferedReader reader(Path file) throws IOException {
        return file.toString().equals("-")
                ? new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
                : Files.newBufferedReader(file);
    }

    // What is not JSON is sent as the text that it is, and refused like anything else that is no object.
    private static JsonNode definition(ObjectMapper mapper, String line) {
        try {
            return mapper.readTree(line);
        } catch (IOException e) {
            return mapper.getNodeFactory().textNode("not JSON");
        }
    }

    private static void flush(
            Backend backend, List<JsonNode> chunk, List<Integer> lines, ObjectNode result, ArrayNode refusals) {
        if (chunk.isEmpty()) {
            return;
        }
        ObjectNode done = backend.createTenants(chunk);
        for (String count : List.of("created", "refused")) {
            result.put(count, result.path(count).asInt() + done.path(count).asInt());
        }
        for (int i = 0; i < lines.size(); i++) {
            JsonNode row = done.path("tenants").path(i);
            if (!row.path("created").asBoolean() && refusals.size() < NAMED) {
                refusals.addObject()
                        .put("line", lines.get(i))
                        .put("tenant", row.path("tenant").asText(null))
                        .put("code", row.path("code").asText())
                        .put("detail", row.path("detail").asText());
            }
        }
        chunk.clear();
        lines.clear();
    }
}
