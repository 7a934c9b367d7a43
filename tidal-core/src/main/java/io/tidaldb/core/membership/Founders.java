package io.tidaldb.core.membership;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.directory.DurableFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The file {@code founders} in a member's directory: with whom the cluster was made, a line {@code node=uuid of its directory} each. It is
 * there before the member promises anything to the others, so that one that has lost its directory since is known.
 */
public final class Founders {

    private static final int MAX_BYTES = 64 << 10;

    private final Path file;

    /** Creates what keeps it in a directory. */
    public Founders(Path directory) {
        this.file = directory.resolve("founders");
    }

    /** Returns what tells the cluster that these have made from any other one, whatever it is called; empty if they are not known. */
    static String cluster(SortedMap<NodeId, String> founders) {
        return founders.isEmpty()
                ? ""
                : UUID.nameUUIDFromBytes(text(founders).getBytes(StandardCharsets.UTF_8))
                        .toString();
    }

    /** Returns them; none if the file is not there. */
    SortedMap<NodeId, String> read() {
        SortedMap<NodeId, String> found = new TreeMap<>();
        try {
            if (!Files.exists(file)) {
                return found;
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA, "file " + file + " is larger than " + MAX_BYTES + " bytes");
            }
            for (String line : Files.readString(file).split("\n", -1)) {
                int equals = line.indexOf('=');
                if (equals > 0) {
                    found.put(NodeId.of(line.substring(0, equals)), line.substring(equals + 1));
                }
            }
            return found;
        } catch (IOException e) {
            throw new TidalException(ErrorCode.STORE_FAILED, "file " + file + " can't be read: " + e.getMessage(), e);
        }
    }

    /** Writes them, durably. */
    void write(SortedMap<NodeId, String> founders) {
        DurableFiles.replace(file, ByteBuffer.wrap(text(founders).getBytes(StandardCharsets.UTF_8)));
    }

    private static String text(SortedMap<NodeId, String> founders) {
        StringBuilder text = new StringBuilder();
        founders.forEach((node, identity) ->
                text.append(node).append('=').append(identity).append('\n'));
        return text.toString();
    }
}
