package io.tidaldb.server.importing;

import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.Position;
import io.tidaldb.core.Signal;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Where an import records: an open instance, or a server. Used by one thread. */
public interface ImportTarget {

    /** A tenant that records. Equal to others of the same tenant. */
    interface Recipient {

        /** Returns whose signals these become. */
        TenantId id();

        /** Returns whether its signals are spread over several shards. */
        boolean isSpread();

        /** Records signals of a tenant, whole or not at all; fails with a {@link TidalException} only. */
        CompletionStage<Position> record(List<Signal> signals);
    }

    /**
     * Returns the tenant that a line names, or null if there is none.
     *
     * @throws TidalException INVALID_ARGUMENT if the text can be neither a number nor a label
     */
    @Nullable
    Recipient tenant(String text);

    /** Returns whether signals of this type can be recorded. */
    boolean takes(Recipient tenant, String signal);

    /** Returns what to do about a type that it does not take, for messages. */
    String expectedSignals();

    /** Returns how many calls it takes at a time. */
    int callsAtOnce();
}
