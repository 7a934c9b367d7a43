package io.tidaldb.core.key;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.DataInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * A file of an encrypted tenant: a head, then what was written in pieces of {@value #PIECE_BYTES} bytes, each under a seal of its own; the
 * last one may be shorter, and is there even if it is empty. Big-endian:
 *
 * <pre>
 * u32 magic "TDSF"   u16 version, 1   u16 zero   u64 tenant   u64 random, another one in each file
 * pieces, each as {@link KeyRing} seals it; its additional data: the head, u32 number of the piece, u8 1 if it is the last, else 0
 * </pre>
 *
 * <p>So pieces can be neither left out nor exchanged, within a file or between files.
 */
public final class SealedFile {

    private static final int MAGIC = 'T' << 24 | 'D' << 16 | 'S' << 8 | 'F';
    private static final int VERSION = 1;
    private static final int HEAD_BYTES = 24;
    private static final int PIECE_BYTES = 64 << 10;
    private static final int STORED_BYTES = PIECE_BYTES + KeyRing.SEAL_BYTES;

    private SealedFile() {}

    /** Returns a stream that writes a file as the tenant's files are: {@link OutputStream#close} ends it, and does not close the file. */
    public static OutputStream writing(OutputStream file, KeyRing keys) throws IOException {
        return keys.isSealing() ? new Output(file, keys) : new Unclosed(file);
    }

    /**
     * Returns a stream that reads what {@link #writing} wrote, whether it was sealed or not.
     *
     * @param bytes the size of the file
     * @throws TidalException CORRUPT_DATA, TENANT_SUSPENDED or FORMAT_TOO_NEW, also while it is read
     */
    public static InputStream reading(InputStream file, String name, long bytes, KeyRing keys) throws IOException {
        if (!keys.isSealing()) {
            return file;
        }
        try {
            return new Input(file, name, bytes, keys);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Returns how many bytes {@link #reading} gives, of a file of so many bytes. */
    public static long contentBytes(long bytes, KeyRing keys) {
        return keys.isSealing() ? bytes - HEAD_BYTES - pieces(bytes) * KeyRing.SEAL_BYTES : bytes;
    }

    private static long pieces(long bytes) {
        return (bytes - HEAD_BYTES + STORED_BYTES - 1) / STORED_BYTES;
    }

    private static ByteBuffer additional(byte[] head, long piece, boolean last) {
        return ByteBuffer.allocate(HEAD_BYTES + Integer.BYTES + 1)
                .put(head)
                .putInt((int) piece)
                .put((byte) (last ? 1 : 0))
                .flip();
    }

    private static final class Unclosed extends java.io.FilterOutputStream {

        Unclosed(OutputStream file) {
            super(file);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }

    private static final class Output extends OutputStream {

        private final OutputStream file;
        private final KeyRing keys;
        private final byte[] head;
        private final ByteBuffer plain = ByteBuffer.allocate(PIECE_BYTES);
        private long piece;

        Output(OutputStream file, KeyRing keys) throws IOException {
            this.file = file;
            this.keys = keys;
            this.head = ByteBuffer.allocate(HEAD_BYTES)
                    .putInt(MAGIC)
                    .putShort((short) VERSION)
                    .putShort((short) 0)
                    .putLong(keys.tenant().value())
                    .putLong(keys.nextRandom())
                    .array();
            file.write(head);
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            for (int at = from; at < from + length; ) {
                if (!plain.hasRemaining()) {
                    seal(false);
                }
                int part = Math.min(plain.remaining(), from + length - at);
                plain.put(bytes, at, part);
                at += part;
            }
        }

        private void seal(boolean last) throws IOException {
            ByteBuffer sealed = ByteBuffer.allocate(plain.position() + KeyRing.SEAL_BYTES);
            keys.seal(additional(head, piece, last), plain.flip(), sealed);
            file.write(sealed.array());
            plain.clear();
            piece++;
        }

        @Override
        public void close() throws IOException {
            seal(true);
            file.flush();
        }
    }

    private static final class Input extends FilterInputStream {

        private final String name;
        private final KeyRing keys;
        private final byte[] head = new byte[HEAD_BYTES];
        private final DataInputStream stored;
        private final long pieces;
        private long left;
        private long piece;
        private ByteBuffer plain = ByteBuffer.allocate(0);

        Input(InputStream file, String name, long bytes, KeyRing keys) throws IOException {
            super(file);
            this.name = name;
            this.keys = keys;
            this.stored = new DataInputStream(file);
            this.pieces = pieces(bytes);
            this.left = bytes - HEAD_BYTES;
            if (left < KeyRing.SEAL_BYTES) {
                throw damaged("at least " + (HEAD_BYTES + KeyRing.SEAL_BYTES) + " bytes");
            }
            stored.readFully(head);
            ByteBuffer read = ByteBuffer.wrap(head);
            if (read.getInt() != MAGIC) {
                throw damaged("a sealed file, which begins with TDSF");
            }
            int version = Short.toUnsignedInt(read.getShort());
            if (version > VERSION) {
                throw new TidalException(
                        ErrorCode.FORMAT_TOO_NEW,
                        "sealed file " + name + " has version " + version + ": expected up to " + VERSION);
            }
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            if (length > 0 && !plain.hasRemaining()) {
                if (left == 0) {
                    return -1;
                }
                open();
            }
            int part = Math.min(length, plain.remaining());
            plain.get(target, from, part);
            return part == 0 && length > 0 ? -1 : part;
        }

        private void open() throws IOException {
            byte[] sealed = new byte[(int) Math.min(STORED_BYTES, left)];
            stored.readFully(sealed);
            left -= sealed.length;
            ByteBuffer opened = keys.open(additional(head, piece, piece == pieces - 1), ByteBuffer.wrap(sealed));
            if (opened == null) {
                throw damaged("piece " + (piece + 1) + " of " + pieces + " to be what was sealed");
            }
            plain = opened;
            piece++;
        }

        @Override
        public long skip(long count) throws IOException {
            return read(new byte[(int) Math.min(count, PIECE_BYTES)]);
        }

        @Override
        public int available() {
            return plain.remaining();
        }

        @Override
        public boolean markSupported() {
            return false;
        }

        private TidalException damaged(String expected) {
            return new TidalException(ErrorCode.CORRUPT_DATA, "file " + name + " is damaged: expected " + expected);
        }
    }
}
