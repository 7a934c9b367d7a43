package io.tidaldb.transport.netty;

import io.tidaldb.api.TidalException;
import io.tidaldb.api.transport.TransportTls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Certificate, key and authorities as they are in their files: links that are made after a change are proven with what is there then. Files that
 * can't be used leave those that were used before, and that is said once for each change. Safe for any number of threads.
 */
final class TlsFiles implements Tls.Source {

    private static final Logger LOG = LoggerFactory.getLogger(TlsFiles.class);
    private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();

    private final TransportTls files;
    private final AtomicLong nextLookNanos = new AtomicLong(System.nanoTime() + LOOK_NANOS);
    private volatile List<Object> seen;
    private volatile Tls tls;

    /** @throws TidalException INVALID_CONFIGURATION if a file can't be used */
    TlsFiles(TransportTls files) {
        this.files = files;
        this.seen = versions();
        this.tls = new Tls(files);
    }

    @Override
    public Tls current() {
        long due = nextLookNanos.get();
        long now = System.nanoTime();
        if (now - due >= 0 && nextLookNanos.compareAndSet(due, now + LOOK_NANOS)) {
            List<Object> versions = versions();
            if (!versions.equals(seen)) {
                seen = versions;
                reload();
            }
        }
        return tls;
    }

    private void reload() {
        try {
            tls = new Tls(files);
            LOG.info(
                    "certificate {} and authorities {} were read again", files.certificateChain(), files.authorities());
        } catch (TidalException e) {
            LOG.error("certificate, key and authorities stay as they were: {}", e.getMessage());
        }
    }

    /** Returns what is another one when a file was replaced or changed. */
    private List<Object> versions() {
        List<Object> versions = new ArrayList<>();
        for (Path file : Tls.all(files)) {
            try {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                versions.add(attributes.lastModifiedTime());
                versions.add(attributes.size());
                versions.add(String.valueOf(attributes.fileKey()));
            } catch (IOException e) {
                versions.add("not there");
            }
        }
        return versions;
    }
}
