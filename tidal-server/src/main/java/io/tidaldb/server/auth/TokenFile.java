package io.tidaldb.server.auth;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.directory.OwnerOnly;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A file of tokens: {@code {"version":1,"tokens":[{"id","label","hash","scopes","tenants","created","expires"}]}}. Only its owner may read
 * or write it. Changes are serialised by a lock on a file beside it and replace the file whole.
 */
public final class TokenFile {

    private static final int VERSION = 1;
    private static final long MAX_BYTES = 16L << 20;
    private static final Set<PosixFilePermission> OWNER_ONLY =
            EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .build();

    private final Path file;

    /** Names a file, which need not exist. */
    public TokenFile(Path file) {
        this.file = file;
    }

    /**
     * Returns the tokens.
     *
     * @throws TidalException INVALID_CONFIGURATION if the file is missing or malformed, or others than its owner may read it
     */
    public List<Token> read() {
        try {
            OwnerOnly.problem(file).ifPresent(problem -> {
                throw invalid(problem);
            });
            if (Files.size(file) > MAX_BYTES) {
                throw invalid("is larger than " + MAX_BYTES + " bytes");
            }
            return parse(MAPPER.readTree(Files.readString(file)));
        } catch (NoSuchFileException e) {
            throw invalid("does not exist: create it with tidal token create");
        } catch (JsonProcessingException e) {
            throw invalid("is not JSON (line "
                    + (e.getLocation() == null ? 1 : e.getLocation().getLineNr()) + ")");
        } catch (IOException e) {
            throw invalid("can't be read: " + e.getMessage());
        }
    }

    /** Replaces the tokens by what a function makes of them; a file that is missing has none. */
    public List<Token> change(UnaryOperator<List<Token>> change) {
        Path lock = file.resolveSibling(file.getFileName() + ".lock");
        try (FileChannel channel = FileChannel.open(
                        lock, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), ownerOnly());
                FileLock held = channel.lock()) {
            List<Token> tokens = change.apply(Files.exists(file) ? read() : List.of());
            write(tokens);
            return tokens;
        } catch (NoSuchFileException e) {
            throw invalid("can't be written: its directory does not exist; create it first, or name another file");
        } catch (AccessDeniedException e) {
            throw invalid("can't be written: permission denied to " + e.getFile());
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.STORAGE_FULL, "token file " + file + " can't be written: " + e.getMessage(), e);
        }
    }

    /** Returns what tells whether the file was replaced since. */
    Object version() {
        try {
            return List.of(Files.getLastModifiedTime(file), Files.size(file), fileKey());
        } catch (IOException e) {
            return "missing";
        }
    }

    private Object fileKey() throws IOException {
        Object key = Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class)
                .fileKey();
        return key == null ? "none" : key;
    }

    private void write(List<Token> tokens) throws IOException {
        ObjectNode root = MAPPER.createObjectNode().put("version", VERSION);
        ArrayNode all = root.putArray("tokens");
        tokens.forEach(token -> describe(token, all.addObject()));
        byte[] bytes =
                MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        Files.deleteIfExists(temporary);
        try (FileChannel channel = FileChannel.open(
                temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), ownerOnly())) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
            channel.force(true);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null && isPosix()) {
            try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
                directory.force(true);
            }
        }
    }

    private static void describe(Token token, ObjectNode node) {
        node.put("id", token.id()).put("label", token.label()).put("hash", token.hash());
        ArrayNode scopes = node.putArray("scopes");
        token.scopes().forEach(scope -> scopes.add(scope.name()));
        ArrayNode tenants = node.putArray("tenants");
        token.tenants().forEach(tenant -> tenants.add(Long.toUnsignedString(tenant.value())));
        node.put("created", token.created().toString())
                .put("expires", token.expires() == null ? null : token.expires().toString());
    }

    private List<Token> parse(JsonNode root) {
        if (root.path("version").asInt() != VERSION || !root.path("tokens").isArray()) {
            throw invalid("has another format: expected version " + VERSION + " with a list of tokens");
        }
        List<Token> tokens = new ArrayList<>();
        for (JsonNode node : root.path("tokens")) {
            tokens.add(token(node, tokens.size()));
        }
        return tokens;
    }

    private Token token(JsonNode node, int index) {
        try {
            List<Scope> scopes = new ArrayList<>();
            node.path("scopes").forEach(scope -> scopes.add(Scope.valueOf(scope.asText())));
            List<TenantId> tenants = new ArrayList<>();
            node.path("tenants").forEach(tenant -> tenants.add(TenantId.parse(tenant.asText())));
            String id = node.path("id").asText();
            String hash = node.path("hash").asText();
            JsonNode expires = node.path("expires");
            if (!id.matches("[0-9a-f]{12}")
                    || !hash.matches("[0-9a-f]{64}")
                    || scopes.isEmpty()
                    || expires.isMissingNode()) {
                throw invalid("has a malformed token [" + index + "]");
            }
            return new Token(
                    id,
                    node.path("label").asText(),
                    hash,
                    scopes,
                    tenants,
                    Instant.parse(node.path("created").asText()),
                    expires.isNull() ? null : Instant.parse(expires.asText()));
        } catch (IllegalArgumentException | DateTimeParseException e) {
            throw invalid("has a malformed token [" + index + "]");
        }
    }

    private static boolean isPosix() {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    }

    private static FileAttribute<?>[] ownerOnly() {
        return isPosix()
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
                : new FileAttribute<?>[0];
    }

    private TidalException invalid(String what) {
        return new TidalException(ErrorCode.INVALID_CONFIGURATION, "token file " + file + " " + what);
    }
}
