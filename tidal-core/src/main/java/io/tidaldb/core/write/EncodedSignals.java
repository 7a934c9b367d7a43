package io.tidaldb.core.write;

import io.tidaldb.core.codec.SignalRecords;
import java.nio.ByteBuffer;
import java.util.SortedMap;

/**
 * Signals as they stand in a log.
 *
 * @param records little-endian records from position 0 to the limit
 * @param names of entities among them that were named
 */
public record EncodedSignals(ByteBuffer records, SortedMap<Long, String> names) {

    /** Returns how many there are. */
    public int count() {
        return records.limit() / SignalRecords.BYTES;
    }
}
