package io.tidaldb.it.sim;

import io.tidaldb.api.Spi;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import java.nio.file.Path;
import java.util.function.Function;

/** The disks of several machines: a directory lies on one of them. */
final class ClusterDisks implements WalStoreFactory {

    private final Function<Path, SimulatedDisks> at;

    ClusterDisks(Function<Path, SimulatedDisks> at) {
        this.at = at;
    }

    @Override
    public String name() {
        return "simulated";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public boolean durable() {
        return true;
    }

    @Override
    public WalStore create(WalStoreContext context) {
        return at.apply(context.directory()).create(context);
    }

    @Override
    public void inspect(Path directory, WalInspection inspection) {
        at.apply(directory).inspect(directory, inspection);
    }
}
