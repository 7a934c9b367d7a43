package io.tidaldb.core.ingest;

import org.jspecify.annotations.Nullable;

/** What one tenant has waiting at one loop, in order. Loop-confined; all but {@link #tenant} belongs to {@link FairQueue}. */
final class Flow {

    final TenantState tenant;

    @Nullable
    LoopItem head;

    @Nullable
    LoopItem tail;

    /** Bytes that may still be served in this round; negative after an item larger than what was left. */
    long deficit;

    /** Which round the flow waits in, null while nothing waits. */
    FairQueue.@Nullable Round round;

    @Nullable
    Flow next;

    Flow(TenantState tenant) {
        this.tenant = tenant;
    }
}
