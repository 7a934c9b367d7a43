package io.tidaldb.it.sim;

import io.tidaldb.core.runtime.Clock;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.Platform;
import io.tidaldb.core.runtime.RandomSource;

/** What a client runs on: none of the members' machines. */
final class ClientPlatform implements Platform {

    private final SimulatedClient loops;
    private final SimulatedRandom random;
    private final Clock clock;

    ClientPlatform(SimulatedWorld world, int number) {
        loops = new SimulatedClient(world);
        random = world.random("client " + number);
        clock = new SimulatedClock(world.time(), MachineProfile.DEFAULT, random.fork("clock"));
    }

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
