package io.tidaldb.core.runtime;

/** The clocks, threads and randomness of this machine. */
public final class SystemPlatform implements Platform {

    private final Clock clock = new SystemClock();
    private final RandomSource random = new SystemRandom();
    private final LoopFactory loops = new ThreadLoops();

    @Override
    public Clock clock() {
        return clock;
    }

    @Override
    public RandomSource random() {
        return random;
    }

    @Override
    public LoopFactory loops() {
        return loops;
    }
}
