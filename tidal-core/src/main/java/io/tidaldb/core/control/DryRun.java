package io.tidaldb.core.control;

import io.tidaldb.api.TidalException;
import org.jspecify.annotations.Nullable;

/**
 * What a command would come to.
 *
 * @param refusal with what it would be refused; null if it would not
 * @param before what would change, as it is; as in the audit log
 * @param after what it would be
 */
public record DryRun(
        @Nullable TidalException refusal,
        @Nullable String before,
        @Nullable String after) {}
