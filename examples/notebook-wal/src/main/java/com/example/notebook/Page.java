package com.example.notebook;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The file of one log. It begins with the position that the log continues from (seqno, chain, checksum); batches follow, one right after
 * the other, as they are. It is named by numbers alone: no text of a user becomes a path.
 */
record Page(Path file, LogId log) {

    /** Size of what comes before the first batch. */
    static final int HEAD_BYTES = 24;

    private static final Pattern NAME = Pattern.compile("(\\d+)-([0-9a-f]+)-(\\d+)-(\\d+)-(\\d+)\\.log");

    /** Where a log begins. */
    record Head(long firstSeqno, long baseChain) {}

    static Page of(Path directory, LogId log) {
        String name = log.holder().value() + "-" + Long.toHexString(log.tenant().value()) + "-"
                + log.origin().region().value() + "-" + log.origin().shard().value() + "-"
                + log.origin().incarnation() + ".log";
        return new Page(directory.resolve(name), log);
    }

    /** Returns the pages in a directory, in order of their logs; none if it does not exist. */
    static List<Page> in(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        List<Page> pages = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Matcher name = NAME.matcher(file.getFileName().toString());
                if (name.matches()) {
                    Origin origin = new Origin(
                            RegionId.of(Integer.parseInt(name.group(3))),
                            ShardId.of(Integer.parseInt(name.group(4))),
                            Integer.parseInt(name.group(5)));
                    TenantId tenant = TenantId.of(Long.parseUnsignedLong(name.group(2), 16));
                    pages.add(new Page(file, new LogId(ShardId.of(Integer.parseInt(name.group(1))), tenant, origin)));
                }
            }
        }
        pages.sort((a, b) -> a.log.compareTo(b.log));
        return pages;
    }

    /** Returns the file's name as it is shown: relative to the node's directory. */
    String shown() {
        return file.getParent().getFileName() + "/" + file.getFileName();
    }

    /**
     * Reads the whole file. A file that ends within a batch was torn by a crash before that batch was synced; all else that is not what
     * was written is damage, after which it goes on with the next batch as far as the damaged one says where that is.
     *
     * @return where the log begins, or null if that itself is damaged
     */
    Head scan(WalInspection found) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            found.file(shown(), size);
            ByteBuffer head = read(channel, 0, HEAD_BYTES);
            if (head.remaining() < HEAD_BYTES || head.getLong(16) != checksum(head)) {
                found.damage(shown(), 0, "a checked head of " + HEAD_BYTES + " bytes", "something else");
                return null;
            }
            long offset = HEAD_BYTES;
            while (offset < size) {
                ByteBuffer header = read(channel, offset, WalBatch.HEADER_BYTES);
                if (header.remaining() < WalBatch.HEADER_BYTES) {
                    found.tornTail(shown(), offset, size - offset);
                    break;
                }
                int length;
                try {
                    length = WalBatch.checkHeader(header, 0);
                    if (length > size - offset) {
                        found.tornTail(shown(), offset, size - offset);
                        break;
                    }
                } catch (BatchCorruptException e) {
                    found.damage(shown(), offset, e.expected(), e.actual());
                    break;
                }
                try {
                    found.batch(log, shown(), offset, WalBatch.of(read(channel, offset, length), 0));
                } catch (BatchCorruptException e) {
                    found.damage(shown(), offset, e.expected(), e.actual());
                }
                offset += length;
            }
            return new Head(head.getLong(0), head.getLong(8));
        }
    }

    /** Reads one batch again, whose place is known. */
    WalBatch batch(long offset, int length) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return WalBatch.of(read(channel, offset, length), 0);
        }
    }

    /** Appends a batch; creates the file, with a head, if there is none. */
    void append(long offset, Head head, ByteBuffer batch) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
            if (offset == HEAD_BYTES) {
                write(channel, 0, encoded(head));
            }
            write(channel, offset, batch);
        }
    }

    /** Replaces the file, durably, by one with another head and only what lies behind an offset. */
    void cutBefore(Head head, long offset) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".tmp");
        try (FileChannel to = FileChannel.open(
                next, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
            write(to, 0, encoded(head));
            if (Files.exists(file)) {
                try (FileChannel from = FileChannel.open(file, StandardOpenOption.READ)) {
                    long at = offset;
                    to.position(HEAD_BYTES);
                    while (at < from.size()) {
                        at += from.transferTo(at, from.size() - at, to);
                    }
                }
            }
            to.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        force(file.getParent());
    }

    /** Cuts off what a crash left behind the last whole batch. */
    void cutAfter(long offset) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(offset);
            channel.force(true);
        }
    }

    /** Makes a file, or the names in a directory, durable. */
    static void force(Path path) throws IOException {
        try (FileChannel channel =
                FileChannel.open(path, Files.isDirectory(path) ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static ByteBuffer encoded(Head head) {
        ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(0, head.firstSeqno).putLong(8, head.baseChain);
        return bytes.putLong(16, checksum(bytes));
    }

    private static long checksum(ByteBuffer head) {
        CRC32C crc = new CRC32C();
        crc.update(head.duplicate().position(0).limit(16));
        return crc.getValue();
    }

    private static void write(FileChannel channel, long offset, ByteBuffer bytes) throws IOException {
        long at = offset;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }

    private static ByteBuffer read(FileChannel channel, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) >= 0) {
            continue;
        }
        return bytes.flip();
    }
}
