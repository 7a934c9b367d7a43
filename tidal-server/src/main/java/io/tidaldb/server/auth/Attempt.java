package io.tidaldb.server.auth;

import io.tidaldb.api.TenantId;
import io.tidaldb.core.audit.Actor;
import org.jspecify.annotations.Nullable;

/**
 * Something that was asked for, and what came of it. Equal ones count as one kind: nothing here may be the sender's own text.
 *
 * @param known whether it is known who asks
 * @param command what was asked for, as in {@code DELETE /v1/tenants/{tenant}}
 * @param tenant whom it is about; null if no tenant, or not known
 * @param about what it is about besides; null if nothing
 * @param refused the code with which it was refused; null if it was done
 * @param reason why it was refused; null if it was done, or if the code says it
 */
public record Attempt(
        Actor actor,
        boolean known,
        String command,
        @Nullable TenantId tenant,
        @Nullable String about,
        @Nullable String refused,
        @Nullable String reason) {}
