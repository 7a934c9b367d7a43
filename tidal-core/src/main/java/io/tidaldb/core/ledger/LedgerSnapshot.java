package io.tidaldb.core.ledger;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A ledger as bytes, little-endian. Canonical: equal states, in whatever order they were reached, have equal bytes.
 *
 * <pre>
 *    0  4    the ASCII bytes "TDLG"
 *    4  u16  format version, 1
 *    6  u16  zero
 *    8  u64  cells
 *   16  …    cells by signal type, then entity (unsigned), each as {@link CellCodec} has it
 *    …  u32  CRC-32C of everything before
 * </pre>
 *
 * A reader believes no length: memory grows only with bytes that have arrived.
 */
final class LedgerSnapshot {

    static final int VERSION = 1;
    static final int HEADER_BYTES = 16;

    private static final int MAGIC = 'T' | 'D' << 8 | 'L' << 16 | 'G' << 24;

    private final CRC32C crc = new CRC32C();
    private final byte[] buffer = new byte[CellCodec.MAX_BYTES];
    private final ByteBuffer view = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);

    void writeHeader(long cells, DataOutput out) throws IOException {
        view.putInt(0, MAGIC)
                .putShort(4, (short) VERSION)
                .putShort(6, (short) 0)
                .putLong(8, cells);
        write(HEADER_BYTES, out);
    }

    void writeCell(int signal, CellState state, DataOutput out) throws IOException {
        write(CellCodec.encode(signal, state, buffer), out);
    }

    void writeTrailer(DataOutput out) throws IOException {
        view.putInt(0, (int) crc.getValue());
        out.write(buffer, 0, Integer.BYTES);
    }

    private void write(int bytes, DataOutput out) throws IOException {
        crc.update(buffer, 0, bytes);
        out.write(buffer, 0, bytes);
    }

    /** Returns how many cells are said to follow. */
    long readHeader(DataInput in) throws IOException {
        read(in, 0, HEADER_BYTES);
        int version = view.getShort(4) & 0xffff;
        if (view.getInt(0) != MAGIC) {
            throw corrupt("does not begin with TDLG");
        }
        if (version > VERSION) {
            throw new TidalException(
                    ErrorCode.FORMAT_TOO_NEW,
                    "Ledger snapshot has format " + version + ", this version reads up to " + VERSION
                            + "; run the version that wrote it.");
        }
        if (version != VERSION || view.getShort(6) != 0 || view.getLong(8) < 0) {
            throw corrupt("has a malformed header");
        }
        return view.getLong(8);
    }

    /** Reads a cell and returns its signal type. */
    int readCell(DataInput in, CellState into) throws IOException {
        read(in, 0, CellCodec.FIXED_BYTES);
        read(in, CellCodec.FIXED_BYTES, CellCodec.bucketBytes(buffer));
        CellCodec.decode(buffer, into);
        return CellCodec.signal(buffer);
    }

    void readTrailer(DataInput in) throws IOException {
        int expected = (int) crc.getValue();
        read(in, 0, Integer.BYTES);
        if (view.getInt(0) != expected) {
            throw corrupt("has checksum " + Integer.toHexString(view.getInt(0)) + ", its content "
                    + Integer.toHexString(expected));
        }
    }

    private void read(DataInput in, int at, int bytes) throws IOException {
        try {
            in.readFully(buffer, at, bytes);
        } catch (EOFException e) {
            throw new TidalException(
                    ErrorCode.CORRUPT_DATA, "Ledger snapshot ends early; fetch it again or replay the log.", e);
        }
        crc.update(buffer, at, bytes);
    }

    static TidalException corrupt(String what) {
        return new TidalException(
                ErrorCode.CORRUPT_DATA, "Ledger snapshot " + what + "; fetch it again or replay the log.");
    }
}
