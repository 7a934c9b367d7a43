package io.tidaldb.core.membership;

import io.tidaldb.api.TidalException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The word on which a cluster is made, as the member has it that waits for it. */
public interface InitWord {

    /** Waits for the word from now on, or not any more. */
    void await(boolean from);

    /** Returns the word if it was said, to be completed with what comes of it; else null. */
    @Nullable
    CompletableFuture<Void> taken();

    /** Returns what to say to whoever says it too late. */
    TidalException made();
}
