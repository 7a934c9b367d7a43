package io.tidaldb.core.ingest;

import org.jspecify.annotations.Nullable;

/** Something for the commit loop to do. Linked into its queue, hence used once. */
abstract sealed class LoopItem permits WriteRequest, LoopTask {

    @Nullable
    LoopItem next;
}
