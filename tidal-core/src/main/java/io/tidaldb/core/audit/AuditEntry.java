package io.tidaldb.core.audit;

import io.tidaldb.api.TenantId;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A change of what the cluster has agreed on, or one that was refused.
 *
 * @param number from 1, without gaps
 * @param index of the decision in the control log; several entries may have the same
 * @param at when it was proposed, by the proposer's clock, in milliseconds
 * @param command its name, as in {@code create-tenant}
 * @param tenant whom it is about; null if no tenant
 * @param about what it is about besides: a replica, a node, a type of signal; null if nothing
 * @param before what was, of what differs, as a JSON object whose scalars are texts; null if there was nothing
 * @param after what is since, like {@code before}
 * @param refused the code with which it was refused; null if it was carried out
 * @param reason why it was refused, at most 512 characters; null if it was carried out
 * @param previous the chain before this entry
 * @param chain over {@code previous} and everything else
 */
public record AuditEntry(
        long number,
        long index,
        Instant at,
        Actor actor,
        String command,
        @Nullable TenantId tenant,
        @Nullable String about,
        @Nullable String before,
        @Nullable String after,
        @Nullable String refused,
        @Nullable String reason,
        long previous,
        long chain) {

    /** The chain before the first entry. */
    public static final long START = 0;

    /** Returns the entry at the end of a chain. */
    AuditEntry chained(long on) {
        AuditEntry linked = new AuditEntry(
                number, index, at, actor, command, tenant, about, before, after, refused, reason, on, START);
        return new AuditEntry(
                number,
                index,
                at,
                actor,
                command,
                tenant,
                about,
                before,
                after,
                refused,
                reason,
                on,
                AuditLine.chain(linked));
    }
}
