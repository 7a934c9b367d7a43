package io.tidaldb.server.formats;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.directory.NodeDirectory;
import io.tidaldb.core.directory.NodeIdentity;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.Version;
import io.tidaldb.server.importing.Json;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which version of which format every file has, and which is the first that another version could not read. The directory may be in use:
 * what vanishes meanwhile is left out. Used by one thread.
 */
public final class FormatCensus implements NodeInspection {

    private static final int CHECKPOINT_MAGIC = 'T' << 24 | 'D' << 16 | 'C' << 8 | 'K';

    /** The largest file of the control log that is looked into at once: a snapshot has no more. */
    private static final long MAX_CONTROL_BYTES = 80L << 20;

    // Neither control log changes what is given to it, so its objects can be found by how they begin.
    private static final Pattern STATE = Pattern.compile("\\{\"v\":(\\d{1,6}),\"cluster\":");
    private static final Pattern COMMAND = Pattern.compile("\\{\"v\":(\\d{1,6}),\"(?:by|type)\":");
    private static final Pattern FINALIZED = Pattern.compile(
            "\"finalized\":\"([0-9.]{1,16})\"|\"type\":\"finalize-upgrade\",\"version\":\"([0-9.]{1,16})\"");

    private final Release release;
    private final Version wanted;
    private final SortedMap<String, SortedMap<Integer, TreeSet<String>>> found = new TreeMap<>();
    private @Nullable ObjectNode forbidden;

    /** @param wanted the version that is to read all of it */
    public FormatCensus(Release release, Version wanted) {
        this.release = release;
        this.wanted = wanted;
    }

    @Override
    public void node(String directory) {}

    @Override
    public void file(String file, long bytes) {}

    @Override
    public void batch(LogId log, String file, long offset, WalBatch batch) {
        note("batch", batch.version(), file);
    }

    @Override
    public void tornTail(String file, long offset, long bytes) {}

    @Override
    public void damage(String file, long offset, String expected, String actual) {}

    /** Looks at all files of a node's directory. */
    public void look(Path directory, PluginCatalog catalog) throws IOException {
        String store = NodeDirectory.peek(directory).map(NodeIdentity::wal).orElse("file");
        catalog.choose(WalStoreFactory.class, store).inspect(directory, this);
        others(directory);
    }

    /** Looks at what is no log below a directory: checkpoints, and the control log. */
    public void others(Path root) throws IOException {
        SortedSet<Path> files = new TreeSet<>();
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isRegularFile()) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                return skipped(e);
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
                return e == null ? FileVisitResult.CONTINUE : skipped(e);
            }
        });
        for (Path file : files) {
            String name = root.relativize(file).toString();
            try {
                other(file, name);
            } catch (NoSuchFileException e) {
                skipped(e);
            }
        }
    }

    private static FileVisitResult skipped(IOException failure) throws IOException {
        if (failure instanceof NoSuchFileException) {
            return FileVisitResult.CONTINUE;
        }
        throw failure;
    }

    private void other(Path file, String name) throws IOException {
        if (name.endsWith(".ckpt")) {
            checkpoint(file, name);
        } else if (name.startsWith("control/") || name.contains("/control/")) {
            control(file, name);
        }
    }

    private void checkpoint(Path file, String name) throws IOException {
        try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
            if (in.readInt() == CHECKPOINT_MAGIC) {
                note("checkpoint", in.readUnsignedShort(), name);
            }
        } catch (EOFException e) {
            // Cut off by a crash: nobody reads it.
            return;
        }
    }

    private void control(Path file, String name) throws IOException {
        if (Files.size(file) > MAX_CONTROL_BYTES) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    name + " has " + Files.size(file) + " bytes: expected at most " + MAX_CONTROL_BYTES);
        }
        String content = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        versions(STATE, content).forEach(version -> note("cluster-state", version, name));
        versions(COMMAND, content).forEach(version -> note("control-command", version, name));
        Matcher finalized = FINALIZED.matcher(content);
        while (finalized.find()) {
            Version at = Version.parse(finalized.group(1) == null ? finalized.group(2) : finalized.group(1));
            if (wanted.isBefore(at)) {
                forbid("finalized", name, at.releaseText(), at.releaseText());
            }
        }
    }

    private static Set<Integer> versions(Pattern pattern, String content) {
        Set<Integer> versions = new TreeSet<>();
        pattern.matcher(content).results().forEach(each -> versions.add(Integer.valueOf(each.group(1))));
        return versions;
    }

    private void note(String format, int version, String file) {
        found.computeIfAbsent(format, each -> new TreeMap<>())
                .computeIfAbsent(version, each -> new TreeSet<>())
                .add(file);
        Optional<Version> since = release.since(format, version);
        if (since.isEmpty() || wanted.isBefore(since.get())) {
            forbid(
                    format,
                    file,
                    Integer.toString(version),
                    since.map(Version::releaseText).orElse(null));
        }
    }

    private void forbid(String format, String file, String version, @Nullable String since) {
        if (forbidden == null) {
            forbidden = Json.object()
                    .put("file", file)
                    .put("format", format)
                    .put("version", version)
                    .put("since", since);
        }
    }

    /** Returns whether the other version could read all that was looked at. */
    public boolean possible() {
        return forbidden == null;
    }

    /** Returns what was found, and the first file that forbids it. */
    public ObjectNode toJson() {
        ObjectNode result =
                Json.object().put("downgrade_to", wanted.releaseText()).put("possible", possible());
        result.set("forbidden_by", forbidden);
        ArrayNode formats = result.putArray("formats");
        found.forEach((format, versions) -> versions.forEach((version, files) -> formats.addObject()
                .put("format", format)
                .put("version", version)
                .put(
                        "since",
                        release.since(format, version).map(Version::releaseText).orElse(null))
                .put("files", files.size())));
        return result;
    }
}
