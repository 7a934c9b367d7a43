package io.tidaldb.server.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.core.upgrade.Release;
import io.tidaldb.core.upgrade.Version;
import io.tidaldb.server.importing.Json;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which version of which format every file has, and which is the first that another version could not read. */
final class FormatCensus implements NodeInspection {

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
    FormatCensus(Release release, Version wanted) {
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

    /** Looks at what is no log: checkpoints, and the control log. */
    void others(Path root) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(root)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            String name = root.relativize(file).toString();
            if (name.endsWith(".ckpt")) {
                checkpoint(file, name);
            } else if (name.startsWith("control/") || name.contains("/control/")) {
                control(file, name);
            }
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
            throw CliException.failed(
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

    boolean possible() {
        return forbidden == null;
    }

    ObjectNode toJson() {
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
