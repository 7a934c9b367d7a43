package io.tidaldb.server.cli.signal;

import io.tidaldb.server.importing.AckLog;
import io.tidaldb.server.importing.AckSink;
import io.tidaldb.server.importing.Acknowledgement;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** A log that is opened when there is something to write: until then a server may refuse, and an older log must outlive that. */
final class LateAckLog implements AckSink, Closeable {

    private final String file;
    private @Nullable AckLog log;

    LateAckLog(String file) {
        this.file = file;
    }

    @Override
    public void acknowledged(Acknowledgement ack) {
        try {
            open().acknowledged(ack);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Opens the log, over a file that exists. */
    AckLog open() throws IOException {
        AckLog opened = log;
        if (opened == null) {
            opened = AckLogOption.open(file);
            log = opened;
        }
        return opened;
    }

    @Override
    public void flush() {
        if (log != null) {
            log.flush();
        }
    }

    @Override
    public void close() throws IOException {
        if (log != null) {
            log.close();
        }
    }
}
