package io.tidaldb.wal.rocks;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.LogId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.rocksdb.RocksDBException;

/** Bytes that are not what was written: where, what should be there, what is. Immutable. */
record Damage(String file, long offset, String expected, String actual) {

    /** What no file can be named for: the merged content of all of them. */
    static final String DATABASE = Layout.DIRECTORY;

    private static final int MAX_TEXT = 1024;

    // What RocksDB says: "block checksum mismatch: stored = 1, computed = 2, type = 4 in /d/000012.sst offset 0 size
    // 9".
    private static final Pattern FILE = Pattern.compile("(\\d{6,}\\.(?:sst|log)|MANIFEST-\\d+|CURRENT)");
    private static final Pattern OFFSET = Pattern.compile("offset (\\d+)");
    private static final Pattern CHECKSUMS = Pattern.compile("stored[^=,]*= (\\d+), computed = (\\d+)");

    static Damage of(byte[] key, BatchCorruptException cause) {
        return at(key, cause.expected(), cause.actual());
    }

    /** Damage that shows at a key, whatever file it is in. */
    static Damage at(byte[] key, String expected, String actual) {
        return new Damage(DATABASE, 0, "at key " + Keys.print(key) + " " + expected, actual);
    }

    /** Damage that RocksDB found. */
    static Damage of(RocksDBException cause) {
        String text = String.valueOf(cause.getMessage());
        Matcher file = FILE.matcher(text);
        Matcher offset = OFFSET.matcher(text);
        Matcher checksums = CHECKSUMS.matcher(text);
        boolean mismatch = checksums.find();
        return new Damage(
                file.find() ? DATABASE + "/" + file.group(1) : DATABASE,
                offset.find() ? Long.parseLong(offset.group(1)) : 0,
                mismatch ? "block checksum " + checksums.group(1) : "a readable block",
                mismatch ? checksums.group(2) : text);
    }

    CorruptLogException exception(LogId log) {
        return new CorruptLogException(log.toString(), file, offset, expected, actual);
    }

    /** Returns the value under which it is kept: three texts and the offset, as {@code DataOutput} writes them. */
    byte[] encode() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeUTF(file);
            out.writeLong(offset);
            out.writeUTF(cut(expected));
            out.writeUTF(cut(actual));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static Damage decode(byte[] value) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(value))) {
            return new Damage(in.readUTF(), in.readLong(), in.readUTF(), in.readUTF());
        } catch (IOException e) {
            return new Damage(DATABASE, 0, "a note of damage", value.length + " bytes that are none");
        }
    }

    private static String cut(String text) {
        return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT);
    }
}
