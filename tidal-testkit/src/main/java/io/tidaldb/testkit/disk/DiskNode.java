package io.tidaldb.testkit.disk;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A file or a directory: what programs see, what is durable, and what lies between the two, in the order in which it was done. */
abstract sealed class DiskNode {

    private static final int PAGE_BYTES = 4096;

    /** What a power cut leaves of it. */
    abstract DiskNode afterCut(Loss loss, Map<DiskNode, DiskNode> copies);

    /** Bytes that grow. */
    private static final class Content {

        private byte[] bytes = new byte[0];
        private int size;

        void write(long offset, byte[] source) {
            int end = Math.toIntExact(offset + source.length);
            if (end > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(end, 2 * bytes.length));
            }
            System.arraycopy(source, 0, bytes, (int) offset, source.length);
            size = Math.max(size, end);
        }

        void truncate(long newSize) {
            if (newSize < size) {
                Arrays.fill(bytes, (int) newSize, size, (byte) 0);
                size = (int) newSize;
            }
        }
    }

    /** A file's bytes. */
    static final class File extends DiskNode {

        /** Bytes at an offset; null if the file was cut to there. */
        private record ByteChange(long offset, byte @Nullable [] bytes) {

            void apply(Content content) {
                if (bytes == null) {
                    content.truncate(offset);
                } else {
                    content.write(offset, bytes);
                }
            }
        }

        private final Content seen = new Content();
        private final Content durable = new Content();
        private final List<ByteChange> unsynced = new ArrayList<>();

        int size() {
            return seen.size;
        }

        int read(long offset, byte[] target, int length) {
            int available = (int) Math.max(0, Math.min(length, seen.size - offset));
            if (available > 0) {
                System.arraycopy(seen.bytes, (int) offset, target, 0, available);
            }
            return available;
        }

        void write(long offset, byte[] source) {
            change(new ByteChange(offset, source));
        }

        void truncate(long size) {
            if (size < seen.size) {
                change(new ByteChange(size, null));
            }
        }

        private void change(ByteChange change) {
            change.apply(seen);
            unsynced.add(change);
        }

        void sync() {
            unsynced.forEach(change -> change.apply(durable));
            unsynced.clear();
        }

        /** What was to become durable is in memory only from now on. */
        void failSync() {
            unsynced.clear();
        }

        @Override
        File afterCut(Loss loss, Map<DiskNode, DiskNode> copies) {
            File left = new File();
            left.write(0, Arrays.copyOf(durable.bytes, durable.size));
            for (ByteChange change : unsynced) {
                if (change.bytes == null) {
                    if (loss.keepsNext()) {
                        left.truncate(change.offset);
                    }
                } else {
                    keep(left, change.offset, change.bytes, loss);
                }
            }
            left.sync();
            return left;
        }

        private static void keep(File left, long offset, byte[] source, Loss loss) {
            int from = 0;
            while (from < source.length) {
                int inPage = (int) ((offset + from) % PAGE_BYTES);
                int length = Math.min(source.length - from, PAGE_BYTES - inPage);
                int kept = loss.kept(length);
                if (kept > 0) {
                    left.write(offset + from, Arrays.copyOfRange(source, from, from + kept));
                }
                from += length;
            }
        }
    }

    /** The names in a directory. */
    static final class Directory extends DiskNode {

        /** A name that went, one that came, or both at once. */
        private record NameChange(
                @Nullable String from, @Nullable String to, DiskNode node) {

            void apply(Map<String, DiskNode> names) {
                if (from != null && names.get(from) == node) {
                    names.remove(from);
                }
                if (to != null) {
                    names.put(to, node);
                }
            }
        }

        private final Map<String, DiskNode> names = new TreeMap<>();
        private final Map<String, DiskNode> durable = new TreeMap<>();
        private final List<NameChange> unsynced = new ArrayList<>();

        Map<String, DiskNode> names() {
            return names;
        }

        void add(String name, DiskNode node) {
            change(new NameChange(null, name, node));
        }

        void remove(String name, DiskNode node) {
            change(new NameChange(name, null, node));
        }

        void rename(String from, String to, DiskNode node) {
            change(new NameChange(from, to, node));
        }

        private void change(NameChange change) {
            change.apply(names);
            unsynced.add(change);
        }

        void sync() {
            durable.clear();
            durable.putAll(names);
            unsynced.clear();
        }

        @Override
        Directory afterCut(Loss loss, Map<DiskNode, DiskNode> copies) {
            Map<String, DiskNode> left = new TreeMap<>(durable);
            for (NameChange change : unsynced) {
                if (loss.keepsNext()) {
                    change.apply(left);
                }
            }
            Directory copy = new Directory();
            left.forEach((name, node) -> {
                DiskNode known = copies.get(node);
                if (known == null) {
                    known = node.afterCut(loss, copies);
                    copies.put(node, known);
                }
                copy.names.put(name, known);
            });
            copy.sync();
            return copy;
        }
    }
}
