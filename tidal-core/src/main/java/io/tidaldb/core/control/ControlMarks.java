package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.core.directory.NodeHome;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Locale;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * How far the control logs of a cluster's nodes are known to have come, this one's own among them: kept beside its control log and not in it,
 * so that a copy that was put back is found to be older than what is known here, or at another node. What is kept may be some entries late.
 *
 * <p>The file {@code control-marks}: a line {@code NODE TERM ENTRIES [ADDRESS]} for each node, and at the end {@code crc} with the CRC-32C of
 * all before it in hexadecimal.
 *
 * <p>Safe for any number of threads.
 */
public final class ControlMarks {

    private static final String FILE = "control-marks";
    private static final Pattern LINE = Pattern.compile("(\\S+) (\\d{1,18}) (\\d{1,18})(?: (\\S+))?");

    private final NodeId self;
    private final @Nullable NodeHome home;

    /** Held while the file is written, and not while marks are looked at. */
    private final Object writing = new Object();

    // Guarded by this object's lock.
    private final SortedMap<NodeId, ControlPosition> positions = new TreeMap<>();
    private final SortedMap<NodeId, String> addresses = new TreeMap<>();

    /**
     * Reads what is kept.
     *
     * @param home of the node; null where nothing is kept
     * @throws TidalException CORRUPT_DATA if the file is damaged
     */
    public ControlMarks(NodeId self, @Nullable NodeHome home) {
        this.self = self;
        this.home = home;
        if (home != null) {
            byte[] kept = home.kept(FILE);
            if (kept != null) {
                read(home, new String(kept, StandardCharsets.UTF_8));
            }
        }
    }

    private void read(NodeHome from, String text) {
        int end = Math.max(0, text.lastIndexOf("crc "));
        String lines = text.substring(0, end);
        if (!text.equals(sealed(lines))) {
            throw damaged(from);
        }
        lines.lines().forEach(line -> {
            Matcher mark = LINE.matcher(line);
            if (!mark.matches()) {
                throw damaged(from);
            }
            NodeId node = NodeId.of(mark.group(1));
            positions.put(node, new ControlPosition(Long.parseLong(mark.group(2)), Long.parseLong(mark.group(3))));
            if (mark.group(4) != null) {
                addresses.put(node, mark.group(4));
            }
        });
    }

    private static TidalException damaged(NodeHome from) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA,
                "file " + from.path().resolve(FILE)
                        + " is damaged: expected lines of a node, a term and a number of entries, and their crc; if nothing"
                        + " in the directory was put back from a copy, delete the file");
    }

    /** Returns whether nothing is known of anybody. */
    public synchronized boolean isEmpty() {
        return positions.isEmpty();
    }

    /** Returns how far a node is known to have come. */
    public synchronized ControlPosition of(NodeId node) {
        return positions.getOrDefault(node, ControlPosition.NONE);
    }

    /** Returns all nodes of which something is known. */
    public synchronized SortedSet<NodeId> nodes() {
        return new TreeSet<>(positions.keySet());
    }

    /** Returns under which address a node was known; null if that is not known. */
    public synchronized @Nullable String address(NodeId node) {
        return addresses.get(node);
    }

    /** A node has come so far, or further. */
    public synchronized void reached(NodeId node, ControlPosition position) {
        positions.merge(node, position, ControlPosition::max);
    }

    /**
     * Keeps what is known, durably.
     *
     * @param own how far this node has come
     * @param agreed the nodes of the cluster: of others nothing is kept
     * @throws TidalException STORAGE_FULL if it can't be written; what was kept before is still there
     */
    void keep(ControlPosition own, Collection<NodeRecord> agreed) {
        if (home == null) {
            return;
        }
        synchronized (writing) {
            home.keep(FILE, changed(own, agreed).getBytes(StandardCharsets.UTF_8));
        }
    }

    private synchronized String changed(ControlPosition own, Collection<NodeRecord> agreed) {
        reached(self, own);
        for (NodeRecord each : agreed) {
            if (each.removed() && !each.node().equals(self)) {
                positions.remove(each.node());
                addresses.remove(each.node());
            } else {
                reached(each.node(), ControlPosition.NONE);
                if (!each.address().isEmpty()) {
                    addresses.put(each.node(), each.address());
                }
            }
        }
        String lines = positions.entrySet().stream()
                .map(each -> each.getKey() + " " + each.getValue().term() + " "
                        + each.getValue().entries()
                        + (addresses.containsKey(each.getKey()) ? " " + addresses.get(each.getKey()) : "") + "\n")
                .collect(Collectors.joining());
        return sealed(lines);
    }

    private static String sealed(String lines) {
        CRC32C crc = new CRC32C();
        crc.update(lines.getBytes(StandardCharsets.UTF_8));
        return String.format(Locale.ROOT, "%scrc %08x\n", lines, crc.getValue());
    }
}
