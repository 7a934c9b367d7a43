package io.tidaldb.core.ingest;

import org.jspecify.annotations.Nullable;

/** Something for the commit loop to do. Linked into its queue, hence used once. */
abstract sealed class LoopItem permits WriteRequest, ReceivedBatches, LoopTask {

    @Nullable
    LoopItem next;

    /** Returns the line that it waits in, or null if it goes before all tenants. */
    abstract @Nullable Flow flow();

    /** Returns what it costs of its flow's turn, in bytes. */
    abstract int cost();
}
