package io.tidaldb.core.codec;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.RecordKind;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** What a user did that is no signal: the body of a record of the kinds {@link RecordKind#SESSIONS} and {@link RecordKind#HARD_NEGATIVES}. */
public sealed interface UserRecord permits HardNegativeRecord, SessionRecord {

    /** Returns the kind of batch that it goes into. */
    RecordKind kind();

    /** Returns the body. */
    byte[] encode();

    /** Returns the entities that it names, which count towards the tenant's. */
    long[] entities();

    /** Returns what decides in which slot it is. */
    long route();

    /** Returns a hash of what is asked for: equal for a write and its retry, also where admission adds a time or what there is to withdraw. */
    long identity();

    /**
     * Reads the body of a record of one of the two kinds.
     *
     * @throws TidalException CORRUPT_DATA if it does not fit its type, FORMAT_TOO_NEW if the type is not known
     */
    static UserRecord decode(RecordKind kind, ByteBuffer body) {
        try {
            UserRecord record =
                    kind == RecordKind.SESSIONS ? SessionRecord.decode(body) : HardNegativeRecord.decode(body);
            if (body.hasRemaining()) {
                throw new TidalException(
                        ErrorCode.CORRUPT_DATA, kind + " record has " + body.remaining() + " bytes too many");
            }
            return record;
        } catch (BufferUnderflowException e) {
            throw new TidalException(ErrorCode.CORRUPT_DATA, kind + " record is too short", e);
        }
    }
}
