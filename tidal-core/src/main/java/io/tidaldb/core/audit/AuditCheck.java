package io.tidaldb.core.audit;

import org.jspecify.annotations.Nullable;

/** Goes along a chain and computes it again, up to the first entry that does not fit. Confined to one thread. */
public final class AuditCheck {

    private long entries;
    private long last;
    private long chain;
    private boolean anywhere;
    private @Nullable Long broken;
    private @Nullable String reason;

    /** Begins before the first entry. */
    public AuditCheck() {
        chain = AuditEntry.START;
    }

    /** Begins with whichever entry comes first: of a log whose oldest entries are dropped. */
    public static AuditCheck ofRest() {
        AuditCheck check = new AuditCheck();
        check.anywhere = true;
        return check;
    }

    /** Takes the next entry; after the first that does not fit, nothing more. */
    public void next(AuditEntry entry) {
        if (broken != null) {
            return;
        }
        if (anywhere) {
            anywhere = false;
            last = entry.number() - 1;
            chain = entry.previous();
        }
        if (entry.number() != last + 1) {
            fails(
                    last + 1,
                    entry.number() <= last
                            ? "entry " + entry.number() + " follows entry " + last
                            : "entries " + (last + 1) + " to " + (entry.number() - 1)
                                    + " are not there: they were removed, or agreed while this node was away; ask another"
                                    + " node");
        } else if (entry.previous() != chain) {
            fails(
                    entry.number(),
                    "it goes on from chain " + AuditLine.hex(entry.previous()) + ", and the entry before ends with "
                            + AuditLine.hex(chain));
        } else if (AuditLine.chain(entry) != entry.chain()) {
            fails(
                    entry.number(),
                    "its content has chain " + AuditLine.hex(AuditLine.chain(entry)) + ", and it says "
                            + AuditLine.hex(entry.chain()));
        } else {
            entries++;
            last = entry.number();
            chain = entry.chain();
        }
    }

    /** Takes what stands where the next entry should be and is none. */
    public void damaged(String why) {
        if (broken == null) {
            fails(last + 1, why);
        }
    }

    /** Ends where the cluster says that the chain ends. */
    public void end(long newest, long head) {
        if (broken != null) {
            return;
        }
        if (last < newest) {
            fails(last + 1, "entries " + (last + 1) + " to " + newest + " are not there, and were agreed");
        } else if (last > newest) {
            fails(newest + 1, "the cluster has agreed on entries up to " + newest + " only");
        } else if (chain != head) {
            fails(
                    last,
                    "the chain ends with " + AuditLine.hex(chain) + ", and the cluster has agreed on "
                            + AuditLine.hex(head));
        }
    }

    private void fails(long number, String why) {
        broken = number;
        reason = why;
    }

    /** Returns how many entries fit. */
    public long entries() {
        return entries;
    }

    /** Returns the chain after the last entry that fits. */
    public long chain() {
        return chain;
    }

    /** Returns the number of the first entry that does not fit, or is missing; null if all do. */
    public @Nullable Long broken() {
        return broken;
    }

    /** Returns why it does not fit; null if all do. */
    public @Nullable String reason() {
        return reason;
    }
}
