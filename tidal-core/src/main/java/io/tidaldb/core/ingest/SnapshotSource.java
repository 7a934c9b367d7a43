package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.directory.NodeHome;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A slot's newest checkpoint, read part by part for another replica. What replaces the checkpoint meanwhile does not change it.
 *
 * <p>Read by one caller, one part at a time; the reading is done in the background.
 */
public final class SnapshotSource implements AutoCloseable {

    private final Background background;
    private final String name;
    private final InputStream in;
    private long left;

    /** Does something beside the loop, one after another. */
    interface Background {
        <T> CompletableFuture<T> run(Supplier<T> work);
    }

    /** A part, and how many bytes come after it. */
    public record Part(byte[] content, long left) {

        /** Returns whether nothing comes after it. */
        public boolean last() {
            return left == 0;
        }
    }

    private SnapshotSource(Background background, String name, InputStream in, long bytes) {
        this.background = background;
        this.name = name;
        this.in = in;
        this.left = bytes;
    }

    /** @throws TidalException CORRUPT_DATA if there is none, or it can't be read */
    static SnapshotSource open(Background background, NodeHome home, TenantShard shard) {
        String name = Checkpoint.name(shard.replica().shard());
        NodeHome.StoredFile file = home.find(shard.tenantId(), name)
                .orElseThrow(() -> new TidalException(
                        ErrorCode.CORRUPT_DATA,
                        "tenant " + shard.tenantId() + " has no checkpoint on " + shard.replica() + " to be sent"));
        try {
            return new SnapshotSource(background, file.name(), file.open(), file.bytes());
        } catch (IOException e) {
            throw unreadable(file.name(), e);
        }
    }

    private static TidalException unreadable(String name, IOException cause) {
        return new TidalException(ErrorCode.CORRUPT_DATA, "checkpoint " + name + " can't be read: " + cause, cause);
    }

    /** Reads the next part: as long as asked for, or the last. Called again only after it is there and is not the last. */
    public CompletableFuture<Part> next(int maxBytes) {
        return background.run(() -> {
            try {
                byte[] content = in.readNBytes((int) Math.min(maxBytes, left));
                left -= content.length;
                if (content.length == 0) {
                    throw new IOException(left + " bytes are missing at its end");
                }
                return new Part(content, left);
            } catch (IOException e) {
                throw unreadable(name, e);
            }
        });
    }

    /** Lets the file go, after what is being read. */
    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // A file that can't be closed has been read all the same.
    public void close() {
        CompletableFuture<Boolean> closed = background.run(this::closeNow);
        if (closed.isCompletedExceptionally()) {
            closeNow();
        }
    }

    private boolean closeNow() {
        try {
            in.close();
            return true;
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }
}
