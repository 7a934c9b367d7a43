package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlSnapshot;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * A snapshot as it lies on disk and travels to members that are behind.
 *
 * <pre>
 * offset size
 *      0    4  magic "TRSN"
 *      4    2  format version, 1
 *      6    2  number of sessions
 *      8    8  index of the last command that the state holds
 *     16   24  for each session, the one applied last at the end: its number, the newest sequence applied
 *           4  state length
 *              the state
 *           4  CRC-32C of all before
 * </pre>
 *
 * All numbers are big-endian. The sessions are part of it, so that a copy of an older proposal is recognised by those that start from it.
 */
record StoredSnapshot(ControlSnapshot snapshot, Map<UUID, Long> sessions) {

    /** What a file may have at most: far more than a state of a thousand tenants, far less than would hurt to read. */
    static final int MAX_BYTES = 64 << 20;

    static final int MAX_STATE_BYTES = MAX_BYTES - (1 << 20);

    private static final int MAGIC = 'T' << 24 | 'R' << 16 | 'S' << 8 | 'N';
    private static final int VERSION = 1;
    private static final int FIXED_BYTES = 24;
    private static final int SESSION_BYTES = 24;

    byte[] encode() {
        byte[] state = snapshot.state();
        ByteBuffer bytes = ByteBuffer.allocate(FIXED_BYTES + sessions.size() * SESSION_BYTES + state.length);
        bytes.putInt(MAGIC)
                .putShort((short) VERSION)
                .putShort((short) sessions.size())
                .putLong(snapshot.index());
        sessions.forEach((session, sequence) -> bytes.putLong(session.getMostSignificantBits())
                .putLong(session.getLeastSignificantBits())
                .putLong(sequence));
        bytes.putInt(state.length).put(state);
        return bytes.putInt(crc(bytes.array(), bytes.position())).array();
    }

    /**
     * @param file how it is called in messages
     * @throws TidalException CORRUPT_LOG, or FORMAT_TOO_NEW
     */
    static StoredSnapshot decode(String file, byte[] content) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        if (content.length < FIXED_BYTES || bytes.getInt() != MAGIC) {
            throw damaged(file, "a snapshot of " + FIXED_BYTES + " bytes or more that begins with \"TRSN\"");
        }
        int version = bytes.getShort();
        if (version > VERSION) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "snapshot " + file + " of the control log has format version " + version
                            + ": this version reads up to " + VERSION + "; start the newer version");
        }
        int end = content.length - Integer.BYTES;
        if (bytes.getInt(end) != crc(content, end)) {
            throw damaged(file, "checksum " + Integer.toHexString(crc(content, end)));
        }
        int sessionCount = Short.toUnsignedInt(bytes.getShort());
        long index = bytes.getLong();
        if (index < 1
                || sessionCount > Progress.MAX_SESSIONS
                || FIXED_BYTES + sessionCount * SESSION_BYTES > content.length) {
            throw damaged(file, "an index, sessions and a state");
        }
        Map<UUID, Long> sessions = new LinkedHashMap<>();
        for (int i = 0; i < sessionCount; i++) {
            sessions.put(new UUID(bytes.getLong(), bytes.getLong()), bytes.getLong());
        }
        int length = bytes.getInt();
        if (length != end - bytes.position()) {
            throw damaged(file, "a state of " + (end - bytes.position()) + " bytes instead of " + length);
        }
        byte[] state = new byte[length];
        bytes.get(state);
        return new StoredSnapshot(new ControlSnapshot(index, state), sessions);
    }

    private static TidalException damaged(String file, String expected) {
        return StorageCheck.damaged(file, "expected " + expected);
    }

    private static int crc(byte[] bytes, int end) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, end);
        return (int) crc.getValue();
    }
}
