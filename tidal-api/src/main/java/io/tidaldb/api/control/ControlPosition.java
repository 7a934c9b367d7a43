package io.tidaldb.api.control;

/**
 * How far a member's copy of a control log has come. It only grows, as long as the files of the copy are what they were: one that is found
 * behind was put back to an older copy, and has forgotten what it promised to others.
 *
 * @param term of the newest election that the member may have voted in, durably; 0 where nobody votes
 * @param entries how many entries it has durably that are agreed, as the log itself counts them
 */
public record ControlPosition(long term, long entries) {

    /** Nothing is known, or there is nothing. */
    public static final ControlPosition NONE = new ControlPosition(0, 0);

    /** Returns whether this is at or after another one, in both respects. */
    public boolean reaches(ControlPosition other) {
        return term >= other.term && entries >= other.entries;
    }

    /** Returns what reaches both, and nothing more. */
    public ControlPosition max(ControlPosition other) {
        return new ControlPosition(Math.max(term, other.term), Math.max(entries, other.entries));
    }

    @Override
    public String toString() {
        return entries + " entries, term " + term;
    }
}
