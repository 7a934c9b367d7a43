package io.tidaldb.server.importing;

import io.tidaldb.api.TidalException;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file with one line for each acknowledged event. Flushed to the operating system, not synced: it survives a killed process, as the
 * evidence of what that process had promised.
 */
public final class AckLog implements AckSink, Closeable {

    private final Writer writer;
    private final boolean owned;

    private AckLog(OutputStream stream, boolean owned) {
        this.writer = new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), 64 << 10);
        this.owned = owned;
    }

    /** Writes a new file, over one that exists. */
    public static AckLog create(Path file) throws IOException {
        return new AckLog(Files.newOutputStream(file), true);
    }

    /** Writes to a stream that stays open. */
    public static AckLog on(OutputStream stream) {
        return new AckLog(stream, false);
    }

    @Override
    public void acknowledged(Acknowledgement ack) {
        try {
            writer.write(ack.toJson());
            writer.write('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void flush() {
        try {
            writer.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        writer.flush();
        if (owned) {
            writer.close();
        }
    }

    /**
     * Hands every line of a file to a sink. A last line that was cut off is left out: whoever wrote it died before the promise was out.
     *
     * @throws IOException if the file can't be read, or a line that was not cut off is not an acknowledgement
     */
    public static void read(Path file, AckSink sink) throws IOException {
        boolean cutOff = !endsWithALine(file);
        try (InputStream input = Files.newInputStream(file);
                LineReader lines = new LineReader(input)) {
            LineReader.Line line = lines.next();
            while (line != null) {
                LineReader.Line following = lines.next();
                Acknowledgement ack = parsed(file, line, cutOff && following == null);
                if (ack != null) {
                    sink.acknowledged(ack);
                }
                line = following;
            }
        }
    }

    private static boolean endsWithALine(Path file) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            channel.position(Math.max(0, channel.size() - 1)).read(last);
            return last.get(0) == '\n';
        }
    }

    private static @Nullable Acknowledgement parsed(Path file, LineReader.Line line, boolean cutOff)
            throws IOException {
        try {
            if (line.fault() != null) {
                throw TidalException.invalid(line.fault());
            }
            return Acknowledgement.parse(line.text());
        } catch (TidalException e) {
            if (cutOff) {
                return null;
            }
            throw new IOException(file + " line " + line.number() + ": " + e.getMessage(), e);
        }
    }
}
