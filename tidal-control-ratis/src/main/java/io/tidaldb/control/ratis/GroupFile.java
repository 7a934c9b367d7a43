package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLogContext;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The file {@code group} in the log's directory: whose it is. Lines of {@code key=value}: {@code format} (1), {@code node},
 * {@code members} that vote in order, {@code cluster} in hexadecimal UTF-8, since a name may hold anything, and {@code agreed} (true)
 * once the members follow from the log: those of the configuration are not compared with them any more.
 *
 * <p>While the log is made for the first time it is called {@code group.new}; from when it is {@code group}, what Raft remembers must be
 * there.
 */
final class GroupFile {

    private static final int FORMAT = 1;
    private static final int MAX_BYTES = 64 << 10;

    private final Path directory;
    private final ControlLogContext context;

    GroupFile(Path directory, ControlLogContext context) {
        this.directory = directory;
        this.context = context;
    }

    /**
     * Compares the directory with what is opened; writes who it belongs to if it is empty.
     *
     * @param raft what must be there if the log was made before
     * @throws TidalException DIRECTORY_MISMATCH, FORMAT_TOO_NEW or CORRUPT_LOG
     */
    void check(Path raft) throws IOException {
        Files.createDirectories(directory);
        Path made = directory.resolve("group");
        Path making = directory.resolve("group.new");
        if (Files.exists(made)) {
            compare(made);
            if (!Files.isDirectory(raft)) {
                throw StorageCheck.damaged(
                        String.valueOf(directory.relativize(raft)), "expected a directory, it is missing");
            }
        } else if (Files.exists(making)) {
            compare(making);
        } else if (isEmpty()) {
            write(making, context.members(), !context.members().contains(context.node()));
        } else {
            throw mismatch("holds files that this control log did not write", "an empty directory");
        }
    }

    /** Notes that the log is made: nothing in it may be missing from now on. */
    void made() throws IOException {
        Path making = directory.resolve("group.new");
        if (Files.exists(making)) {
            Files.move(making, directory.resolve("group"), StandardCopyOption.ATOMIC_MOVE);
            forceDirectory();
        }
    }

    /** Notes who was agreed to vote from now on. */
    void agreed(List<NodeId> voters) throws IOException {
        write(directory.resolve("group"), voters, true);
    }

    private boolean isEmpty() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.noneMatch(file -> !file.endsWith("group.tmp"));
        }
    }

    private void compare(Path file) throws IOException {
        String name = String.valueOf(file.getFileName());
        if (Files.size(file) > MAX_BYTES) {
            throw StorageCheck.damaged(name, "expected at most " + MAX_BYTES + " bytes");
        }
        Properties found = new Properties();
        found.load(new StringReader(Files.readString(file, StandardCharsets.UTF_8)));
        int format = format(name, found.getProperty("format", ""));
        if (format > FORMAT) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "control log in " + directory + " has format version " + format + ": this version reads up to "
                            + FORMAT + "; start the newer version");
        }
        String cluster = new String(hex(name, found.getProperty("cluster", "")), StandardCharsets.UTF_8);
        expect("cluster", context.cluster(), cluster);
        expect("node", context.node().name(), found.getProperty("node", ""));
        if (!found.getProperty("agreed", "").equals("true")) {
            expect("members", text(context.members()), found.getProperty("members", ""));
        }
    }

    private static int format(String file, String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw StorageCheck.damaged(file, "expected format=1, found \"" + text + "\"");
        }
    }

    private static byte[] hex(String file, String text) {
        try {
            return HexFormat.of().parseHex(text);
        } catch (IllegalArgumentException e) {
            throw StorageCheck.damaged(file, "expected the cluster's name in hexadecimal digits");
        }
    }

    private void expect(String what, String wanted, String found) {
        if (!wanted.equals(found)) {
            throw mismatch("belongs to " + what + " \"" + found + "\"", "\"" + wanted + "\"");
        }
    }

    private TidalException mismatch(String what, String expected) {
        return new TidalException(
                ErrorCode.DIRECTORY_MISMATCH,
                "control log's directory " + directory + " " + what + ": expected " + expected
                        + "; correct the configuration, or choose another directory");
    }

    private static String text(List<NodeId> members) {
        return members.stream().map(NodeId::name).collect(Collectors.joining(","));
    }

    private void write(Path file, List<NodeId> members, boolean agreed) throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "format=" + FORMAT,
                "node=" + context.node().name(),
                "members=" + text(members),
                "cluster=" + HexFormat.of().formatHex(context.cluster().getBytes(StandardCharsets.UTF_8))));
        if (agreed) {
            lines.add("agreed=true");
        }
        Path part = directory.resolve("group.tmp");
        try (FileChannel channel = FileChannel.open(
                part, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap((String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        forceDirectory();
    }

    private void forceDirectory() throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
