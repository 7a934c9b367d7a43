package io.tidaldb.wal.file;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.wal.BatchCorruptException;
import io.tidaldb.api.wal.LogId;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Bytes that are not what was written: where, what should be there, what is. Immutable. */
record Damage(String file, long offset, String expected, String actual) {

    /** More than any message of ours; whatever is longer is cut in the manifest. */
    static final int MAX_TEXT_BYTES = 1024;

    static Damage of(String file, long offset, BatchCorruptException cause) {
        return new Damage(file, offset, cause.expected(), cause.actual());
    }

    CorruptLogException exception(LogId log) {
        return new CorruptLogException(log.toString(), file, offset, expected, actual);
    }

    static byte[] utf8(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return utf8.length <= MAX_TEXT_BYTES ? utf8 : Arrays.copyOf(utf8, MAX_TEXT_BYTES);
    }
}
