package io.tidaldb.testkit.disk;

/**
 * A call that a program is about to make.
 *
 * @param number from 1, over all calls of the disk
 * @param path the file or directory, absolute
 * @param offset of what is read or written, or the size that is cut to; else 0
 * @param length of what is read or written; else 0
 */
public record DiskCall(long number, Kind kind, String path, long offset, int length) {

    /** What is called. */
    public enum Kind {
        /** Makes a file that was not there. */
        CREATE,
        /** Makes a directory. */
        MAKE_DIRECTORY,
        /** Writes to a file. */
        WRITE,
        /** Cuts a file to a size. */
        TRUNCATE,
        /** Syncs a file. */
        SYNC,
        /** Syncs the names in a directory. */
        SYNC_DIRECTORY,
        /** Gives a file or directory another name. */
        MOVE,
        /** Takes a name away. */
        DELETE,
        /** Reads from a file. */
        READ;

        /** Returns whether a power cut around this call can leave something else than one around the call before. */
        public boolean changes() {
            return this != READ;
        }
    }

    @Override
    public String toString() {
        return "call " + number + ", " + kind + " " + path
                + (length > 0 || offset > 0 ? " " + offset + "+" + length : "");
    }
}
