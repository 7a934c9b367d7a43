package io.tidaldb.core.ingest;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.codec.RenamedOrigins;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.key.KeyRing;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * The checkpoint of a slot of another tenant on its way to become that of a slot which has nothing yet: as {@link SnapshotReceiver}, with other
 * names of the origins and under the tenant's own keys.
 *
 * <p>Used by one caller.
 */
public final class BaseReceiver {

    private final NodeHome home;
    private final Schema schema;
    private final TenantId from;
    private final KeyRing keys;
    private final RenamedOrigins names;
    private final SnapshotReceiver receiver;

    /** Set in the background, before the result of {@link #install} is told. */
    private volatile SortedSet<Long> erasures = new TreeSet<>();

    /** Makes a receiver that reads what it has received in this way. */
    interface Receivers {
        SnapshotReceiver reading(SnapshotReceiver.Reading reading);
    }

    BaseReceiver(NodeHome home, Schema schema, TenantId from, KeyRing keys, RenamedOrigins names, Receivers receivers) {
        this.home = home;
        this.schema = schema;
        this.from = from;
        this.keys = keys;
        this.names = names;
        this.receiver = receivers.reading(this::read);
    }

    private long read(NodeHome.StoredFile file, TenantShard empty) {
        Checkpoint.read(file, from, null, keys, empty, schema);
        erasures = empty.erasures.numbers();
        empty.rename(names);
        return Checkpoint.writeSnapshot(home, empty);
    }

    /** Writes the next part. */
    public CompletableFuture<Boolean> write(byte[] part) {
        return receiver.write(part);
    }

    /** Makes the slot what the checkpoint says, after all parts were written; returns how far the logs are held then. */
    public CompletableFuture<List<SlotLogs.Held>> install() {
        return receiver.install();
    }

    /** Gives up what is not complete. */
    public void discard() {
        receiver.discard();
    }

    /** Returns the numbers of the erasures of entities that are known in the checkpoint, once it is installed. */
    public SortedSet<Long> erasures() {
        return erasures;
    }
}
