package io.tidaldb.server.importing;

import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** Unzips a file, and says which one it is if it is damaged or cut off. */
final class Gunzip extends FilterInputStream {

    private final String name;

    private Gunzip(String name, InputStream unzipped) {
        super(unzipped);
        this.name = name;
    }

    static InputStream of(String name, InputStream zipped) throws IOException {
        try {
            return new Gunzip(name, new GZIPInputStream(zipped, 64 << 10));
        } catch (EOFException | ZipException e) {
            throw damaged(name, e);
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        try {
            return in.read(target, offset, length);
        } catch (EOFException | ZipException e) {
            throw damaged(name, e);
        }
    }

    private static IOException damaged(String name, IOException cause) {
        String what = cause instanceof EOFException ? "it is cut off" : String.valueOf(cause.getMessage());
        return new IOException(name + " is a damaged gzip file: " + what, cause);
    }
}
