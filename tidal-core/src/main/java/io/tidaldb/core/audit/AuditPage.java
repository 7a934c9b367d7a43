package io.tidaldb.core.audit;

import java.util.List;

/**
 * Entries, as one node knows them.
 *
 * @param entries in order of number
 * @param next where the next page begins; one more than {@code newest} if there is none yet
 * @param newest the number of the last entry that was agreed; 0 before the first
 * @param head the chain after that one
 */
public record AuditPage(List<AuditEntry> entries, long next, long newest, long head) {

    /** Copies the list. */
    public AuditPage {
        entries = List.copyOf(entries);
    }
}
