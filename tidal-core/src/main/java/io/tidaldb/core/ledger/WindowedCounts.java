package io.tidaldb.core.ledger;

/**
 * Counts of events by minute and hour, for many pairs. What a pair stores is named by an int, its <em>windows</em>:
 *
 * <pre>
 *   negative: −n, every event that a window reaches lies in the last event's minute, and there are n; no memory at all,
 *             which is the common case: most pairs have a single event, or a burst
 *   positive: a block of the arena
 *
 *   long 0                  minutes (bits 0–7), hours (8–15), order of the block (16–23)
 *   long 1 …                minute buckets, ascending
 *   long 1 + minutes …      hour buckets, ascending
 * </pre>
 *
 * The newest minute and hour are always the last event's. Guarded by the ledger's lock.
 */
final class WindowedCounts {

    private final WindowArena arena;
    private final Scratch scratch;

    /** Uses a scratch state that tables may share, as they share the lock. */
    WindowedCounts(Scratch scratch) {
        this(new WindowArena(), scratch);
    }

    private WindowedCounts(WindowArena arena, Scratch scratch) {
        this.arena = arena;
        this.scratch = scratch;
    }

    /** Returns the windows as they are now, to be loaded by any thread without a lock until {@link #thaw}. There is one at a time. */
    WindowedCounts freeze() {
        return new WindowedCounts(arena.freeze(), scratch);
    }

    /** Ends the use of the frozen copy. */
    void thaw() {
        arena.thaw();
    }

    /** Counts an event and returns the pair's windows from now on. */
    int record(int windows, long lastNanos, long eventNanos) {
        long minute = eventNanos / CellState.MINUTE_NANOS;
        long newestMinute = lastNanos / CellState.MINUTE_NANOS;
        if (windows < 0) {
            if (minute == newestMinute && windows != Integer.MIN_VALUE) {
                return windows - 1;
            }
        } else if (minute == newestMinute ? increment(windows) : minute > newestMinute && append(windows, minute)) {
            return windows;
        }
        CellState state = scratch.state();
        load(windows, lastNanos, state);
        if (eventNanos > lastNanos) {
            state.advance(eventNanos);
        }
        state.addEvent(eventNanos);
        return store(windows, state);
    }

    /** Counts an event of the newest minute; refuses when a bucket is full. */
    private boolean increment(int block) {
        long[] page = arena.pageForWrite(block);
        int at = WindowArena.index(block);
        int minute = at + minutes(page[at]);
        int hour = minute + hours(page[at]);
        if (CellState.count(page[minute]) == CellState.MAX_BUCKET_COUNT
                || CellState.count(page[hour]) == CellState.MAX_BUCKET_COUNT) {
            return false;
        }
        page[minute]++;
        page[hour]++;
        return true;
    }

    /**
     * Counts an event of a minute after the newest, where the block lies: what a busy pair does most. Leaves all that would change the
     * block's size or needs a bound to {@link #store}.
     */
    private boolean append(int block, long minute) {
        long[] page = arena.pageForWrite(block);
        int at = WindowArena.index(block);
        long header = page[at];
        int minutesAt = at + 1;
        int hoursAt = minutesAt + minutes(header);
        int end = hoursAt + hours(header);
        long hour = minute / 60;
        int firstMinute = firstFrom(page, minutesAt, hoursAt, minute - (CellState.MINUTES - 1));
        int firstHour = firstFrom(page, hoursAt, end, hour - (CellState.HOURS - 1));
        boolean newHour = firstHour == end || CellState.id(page[end - 1]) != hour;
        int minutes = hoursAt - firstMinute + 1;
        int hours = end - firstHour + (newHour ? 1 : 0);
        int longs = 1 + minutes + hours;
        if (WindowArena.order(longs) > order(header)
                || isMostlyEmpty(order(header), longs)
                || !newHour && CellState.count(page[end - 1]) == CellState.MAX_BUCKET_COUNT) {
            return false;
        }
        // Hours move right only if no minute goes, and then first, so that the minutes' copy never runs over hours not
        // yet moved.
        int newHoursAt = minutesAt + minutes;
        if (newHoursAt > hoursAt) {
            System.arraycopy(page, firstHour, page, newHoursAt, end - firstHour);
        } else {
            System.arraycopy(page, firstMinute, page, minutesAt, hoursAt - firstMinute);
            System.arraycopy(page, firstHour, page, newHoursAt, end - firstHour);
        }
        page[newHoursAt - 1] = CellState.bucket(minute, 1);
        if (newHour) {
            page[newHoursAt + hours - 1] = CellState.bucket(hour, 1);
        } else {
            page[newHoursAt + hours - 1]++;
        }
        page[at] = header(minutes, hours, order(header));
        return true;
    }

    private static int firstFrom(long[] page, int start, int end, long oldest) {
        int first = start;
        while (first < end && CellState.id(page[first]) < oldest) {
            first++;
        }
        return first;
    }

    /** Copies windows, whose last event is given, into a state. */
    void load(int windows, long lastNanos, CellState into) {
        into.lastNanos = lastNanos;
        if (windows < 0) {
            into.setWindows(lastNanos, -(long) windows);
            return;
        }
        long[] page = arena.page(windows);
        int at = WindowArena.index(windows);
        into.minuteCount = minutes(page[at]);
        into.hourCount = hours(page[at]);
        System.arraycopy(page, at + 1, into.minutes, 0, into.minuteCount);
        System.arraycopy(page, at + 1 + into.minuteCount, into.hours, 0, into.hourCount);
    }

    /** Replaces a pair's windows, 0 if it had none, by a state's and returns them. */
    int store(int windows, CellState from) {
        int order = windows > 0 ? order(arena.page(windows)[WindowArena.index(windows)]) : 0;
        if (fitsInline(from)) {
            if (order > 0) {
                arena.release(windows, order);
            }
            return (int) -CellState.count(from.minutes[0]);
        }
        int longs = 1 + from.minuteCount + from.hourCount;
        int block = windows;
        if (WindowArena.order(longs) > order || isMostlyEmpty(order, longs)) {
            if (order > 0) {
                arena.release(windows, order);
            }
            order = WindowArena.order(longs);
            block = arena.allocate(order);
        }
        long[] page = arena.pageForWrite(block);
        int at = WindowArena.index(block);
        page[at] = header(from.minuteCount, from.hourCount, order);
        System.arraycopy(from.minutes, 0, page, at + 1, from.minuteCount);
        System.arraycopy(from.hours, 0, page, at + 1 + from.minuteCount, from.hourCount);
        return block;
    }

    /** Gives up a pair's windows. */
    void release(int windows) {
        if (windows > 0) {
            arena.release(windows, order(arena.page(windows)[WindowArena.index(windows)]));
        }
    }

    /** A block shrinks when at most three of eight longs are used, not at four: a busy pair goes up and down by a bucket all the time. */
    private static boolean isMostlyEmpty(int order, int longs) {
        return order > WindowArena.MIN_ORDER && longs << 3 <= 3 << order;
    }

    private static boolean fitsInline(CellState state) {
        return state.minuteCount == 1
                && state.hourCount == 1
                && CellState.count(state.minutes[0]) == CellState.count(state.hours[0])
                && CellState.count(state.minutes[0]) <= Integer.MAX_VALUE;
    }

    /** Counts the events in the windows that end with a time that is not before the last event. */
    void read(int windows, long lastNanos, long asOfNanos, CellView out) {
        long firstMinute = asOfNanos / CellState.MINUTE_NANOS - (CellState.MINUTES - 1);
        long lastAsOfHour = asOfNanos / CellState.HOUR_NANOS;
        long dayHour = lastAsOfHour - (CellState.DAY_HOURS - 1);
        long weekHour = lastAsOfHour - (CellState.HOURS - 1);
        if (windows < 0) {
            long events = -(long) windows;
            long hour = lastNanos / CellState.HOUR_NANOS;
            out.lastHour = lastNanos / CellState.MINUTE_NANOS >= firstMinute ? events : 0;
            out.lastDay = hour >= dayHour ? events : 0;
            out.lastWeek = hour >= weekHour ? events : 0;
            return;
        }
        long[] page = arena.page(windows);
        int at = WindowArena.index(windows);
        int minutesStart = at + 1;
        int hoursStart = minutesStart + minutes(page[at]);
        int end = hoursStart + hours(page[at]);
        out.lastHour = sumFrom(page, minutesStart, hoursStart, firstMinute);
        out.lastDay = sumFrom(page, hoursStart, end, dayHour);
        out.lastWeek = sumFrom(page, hoursStart, end, weekHour);
    }

    private static long sumFrom(long[] page, int start, int end, long oldest) {
        long sum = 0;
        for (int i = end - 1; i >= start && CellState.id(page[i]) >= oldest; i--) {
            sum += CellState.count(page[i]);
        }
        return sum;
    }

    private static int minutes(long header) {
        return (int) header & 0xff;
    }

    private static int hours(long header) {
        return (int) header >>> 8 & 0xff;
    }

    private static int order(long header) {
        return (int) header >>> 16 & 0xff;
    }

    private static long header(int minutes, int hours, int order) {
        return minutes | hours << 8 | order << 16;
    }

    /** Returns whether there are any blocks. */
    boolean hasBlocks() {
        return !arena.isEmpty();
    }

    /** Reads a block's first cache line and returns some of it. */
    long touch(int windows) {
        return windows > 0 ? arena.page(windows)[WindowArena.index(windows)] : windows;
    }

    long retainedBytes() {
        return arena.retainedBytes();
    }
}
