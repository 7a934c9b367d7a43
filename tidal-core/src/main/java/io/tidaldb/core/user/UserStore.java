package io.tidaldb.core.user;

import io.tidaldb.api.EntityId;
import io.tidaldb.core.Position;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.WriteOptions;
import io.tidaldb.core.codec.UserRecord;
import io.tidaldb.core.ingest.HiddenItem;
import io.tidaldb.core.ingest.SessionImage;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Where a tenant's records about users are written and read. */
public interface UserStore {

    /** Writes a record; completes on a callback thread. */
    CompletableFuture<Position> write(UserRecord record, WriteOptions options);

    /** Waits for a write for as long as its caller does. */
    Position await(CompletableFuture<Position> write, WriteOptions options);

    /** Returns all that a user does not want to see. */
    List<HiddenItem> hidden(long user, ReadOptions options);

    /** Returns those of some items that a user does not want to see. */
    List<Long> hiddenAmong(long user, List<EntityId> items, ReadOptions options);

    /** Returns what is known of a session; nothing is. */
    SessionImage session(long session, ReadOptions options);

    /** Returns the index of a declared type of signal. */
    int signalType(String name);

    /** Returns the name of a type of signal. */
    String signalName(int type);

    /** Returns the time, nanoseconds since 1970. */
    long nowNanos();
}
