package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.directory.NodeHome;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Another replica's snapshot of a slot on its way into a file: written part by part in the background, verified as a whole, then installed
 * by the loop.
 *
 * <p>Used by one caller. What is written is confined to the background, which does one thing after another.
 */
public final class SnapshotReceiver {

    private final NodeHome home;
    private final TenantShard shard;
    private final SlotRecovery recovery;
    private final SnapshotSource.Background background;
    private final Reading reading;
    private final Installer installer;
    private final String name;

    private NodeHome.@Nullable PendingFile file;
    private boolean ended;

    /** Replaces a slot's state; returns what its logs hold then. */
    interface Installer {
        CompletableFuture<List<SlotLogs.Held>> install(TenantShard shard, TenantShard fresh, long bytes);
    }

    /** Reads the file into an empty state, and returns its size in bytes. */
    interface Reading {
        long read(NodeHome.StoredFile file, TenantShard empty);
    }

    private record Read(TenantShard state, long bytes) {}

    SnapshotReceiver(
            NodeHome home,
            TenantShard shard,
            SlotRecovery recovery,
            SnapshotSource.Background background,
            Reading reading,
            Installer installer) {
        this.home = home;
        this.shard = shard;
        this.recovery = recovery;
        this.background = background;
        this.reading = reading;
        this.installer = installer;
        this.name = Checkpoint.snapshotName(shard.replica().shard());
    }

    /** Writes the next part. Whoever calls bounds how many wait. */
    public CompletableFuture<Boolean> write(byte[] part) {
        return background.run(() -> {
            if (isGivenUp()) {
                throw givenUp();
            }
            try {
                if (file == null) {
                    file = home.create(shard.tenant().config().id(), name);
                }
                file.write(part);
                return true;
            } catch (IOException e) {
                throw unwritable(e);
            }
        });
    }

    private boolean isGivenUp() {
        return ended || shard.tenant().isDeleted();
    }

    private TidalException givenUp() {
        return new TidalException(ErrorCode.CLOSED, "the snapshot " + name + " was given up");
    }

    private TidalException unwritable(IOException cause) {
        return new TidalException(
                ErrorCode.STORAGE_FULL,
                "file " + name + " of tenant " + shard.tenantId() + " in " + home.path() + " can't be written: "
                        + cause.getMessage(),
                cause);
    }

    /**
     * Makes the slot what the snapshot says, after all parts were written; returns how far the logs are held then. If it fails, the slot is
     * as it was, or quarantined until it is opened again.
     */
    public CompletableFuture<List<SlotLogs.Held>> install() {
        return background
                .run(this::publish)
                .thenCompose(read -> installer.install(shard, read.state, read.bytes))
                .whenComplete((held, failure) -> {
                    if (failure != null) {
                        deleteUnused();
                    }
                });
    }

    // Under its own name, and in place before anything is read from it: a file that is being written can't be read.
    private Read publish() {
        NodeHome.PendingFile written = file;
        if (written == null || isGivenUp()) {
            throw givenUp();
        }
        ended = true;
        try (written) {
            written.publish();
        } catch (IOException e) {
            throw unwritable(e);
        }
        TenantShard fresh = recovery.empty(shard);
        long bytes = reading.read(
                home.find(shard.tenantId(), name)
                        .orElseThrow(() -> new TidalException(
                                ErrorCode.CORRUPT_DATA,
                                "file " + name + " of tenant " + shard.tenantId() + " is gone")),
                fresh);
        return new Read(fresh, bytes);
    }

    // A slot that is quarantined may have been changed half-way: the next open needs it.
    @SuppressWarnings("FutureReturnValueIgnored") // What is left is looked at by the next open.
    private void deleteUnused() {
        if (shard.damage() == null) {
            background.run(() -> {
                home.delete(shard.tenantId(), name);
                return true;
            });
        }
    }

    /** Gives up what is not complete. */
    @SuppressWarnings("FutureReturnValueIgnored") // A file that is left behind is overwritten by the next.
    public void discard() {
        CompletableFuture<Boolean> discarded = background.run(this::discardNow);
        if (discarded.isCompletedExceptionally()) {
            discardNow();
        }
    }

    private boolean discardNow() {
        if (file != null && !ended) {
            file.close();
        }
        ended = true;
        return true;
    }
}
