package io.tidaldb.api;

/**
 * The sequence number of a record within {@code region:shard}: 24 bits of incarnation above a 40-bit counter that starts at 1.
 *
 * <p>An incarnation is one node's unbroken time as writer of {@code region:shard}; a seqno is never used twice. Seqnos compare as
 * unsigned 64-bit numbers.
 */
public final class Seqno {

    /** Largest counter of an incarnation. */
    public static final long MAX_COUNTER = (1L << 40) - 1;

    /** Largest incarnation. */
    public static final int MAX_INCARNATION = (1 << 24) - 1;

    private static final int COUNTER_BITS = 40;

    private Seqno() {}

    /**
     * Returns the seqno with this counter in this incarnation; counter 0 is the position before the first record.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if one of them is out of range
     */
    public static long of(int incarnation, long counter) {
        if (incarnation < 0 || incarnation > MAX_INCARNATION || counter < 0 || counter > MAX_COUNTER) {
            throw TidalException.invalid("seqno " + incarnation + "." + counter + " is out of range: expected up to "
                    + MAX_INCARNATION + "." + MAX_COUNTER);
        }
        return ((long) incarnation << COUNTER_BITS) | counter;
    }

    /** Returns the incarnation, 0 to {@link #MAX_INCARNATION}. */
    public static int incarnation(long seqno) {
        return (int) (seqno >>> COUNTER_BITS);
    }

    /** Returns the counter, 0 to {@link #MAX_COUNTER}. */
    public static long counter(long seqno) {
        return seqno & MAX_COUNTER;
    }

    /** Returns {@code 42}, or {@code 2.42} in an incarnation other than 0. */
    public static String print(long seqno) {
        int incarnation = incarnation(seqno);
        return incarnation == 0 ? Long.toString(counter(seqno)) : incarnation + "." + counter(seqno);
    }

    /**
     * Reads what {@link #print} prints.
     *
     * @throws TidalException {@link ErrorCode#INVALID_ARGUMENT} if the text has another form
     */
    public static long parse(String text) {
        int dot = text.indexOf('.');
        long incarnation =
                dot < 0 ? 0 : IdentityText.unsigned64("incarnation", IdentityText.NO_PREFIX, text.substring(0, dot));
        long counter = IdentityText.unsigned64("seqno", IdentityText.NO_PREFIX, text.substring(dot + 1));
        if (incarnation < 0 || incarnation > MAX_INCARNATION) {
            throw TidalException.invalid("incarnation in " + IdentityText.echo(text) + " is out of range");
        }
        return of((int) incarnation, counter);
    }
}
