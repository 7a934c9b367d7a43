package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * What an entry of the Raft log holds: a command, and the name under which it was proposed, so that a copy of it is recognised.
 *
 * <pre>
 * offset size
 *      0   16  session: a random number of the log's instance that proposes
 *     16    8  sequence: grows with each proposal of the session
 *     24       the command
 * </pre>
 *
 * All numbers are big-endian.
 */
record Proposal(UUID session, long sequence, byte[] command) {

    static final int HEADER_BYTES = 24;

    byte[] encode() {
        return ByteBuffer.allocate(HEADER_BYTES + command.length)
                .putLong(session.getMostSignificantBits())
                .putLong(session.getLeastSignificantBits())
                .putLong(sequence)
                .put(command)
                .array();
    }

    /** @throws TidalException CORRUPT_DATA if no member writes such an entry */
    static Proposal decode(ByteBuffer bytes) {
        int size = bytes.remaining() - HEADER_BYTES;
        if (size < 1 || size > ControlLog.MAX_COMMAND_BYTES) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA,
                    "a proposal to the control log has " + bytes.remaining() + " bytes: expected " + (HEADER_BYTES + 1)
                            + " to " + (HEADER_BYTES + ControlLog.MAX_COMMAND_BYTES));
        }
        UUID session = new UUID(bytes.getLong(), bytes.getLong());
        long sequence = bytes.getLong();
        byte[] command = new byte[size];
        bytes.get(command);
        return new Proposal(session, sequence, command);
    }
}
