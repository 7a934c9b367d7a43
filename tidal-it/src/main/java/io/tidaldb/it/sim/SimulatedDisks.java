package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalBatch;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.DiskFaults;
import io.tidaldb.testkit.LossyDisk;
import io.tidaldb.testkit.LossyWalStores;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The disks of a machine, one for each directory that log stores are opened in: {@link LossyDisk}s which end with the machine, and on which
 * anything may have survived that was not synced.
 */
public final class SimulatedDisks implements WalStoreFactory {

    private final SimulatedMachine machine;
    private final LossyWalStores stores = new LossyWalStores();
    private final Map<Path, LossyDisk> disks = new LinkedHashMap<>();
    private int untilFailedSync;
    private int untilCrashInSync;
    private int untilCrashInAppend;

    SimulatedDisks(SimulatedMachine machine) {
        this.machine = machine;
    }

    /** Returns the disk on which a directory lies. */
    public LossyDisk disk(Path directory) {
        return disks.computeIfAbsent(directory, this::create);
    }

    private LossyDisk create(Path directory) {
        LossyDisk disk = stores.disk(directory);
        // By number: the directory's name may differ from one run to the next.
        disk.survival(machine.random("survival on disk " + disks.size()));
        disk.faults(new Faults());
        return disk;
    }

    /** Returns all disks, in the order of their first use. */
    public List<LossyDisk> all() {
        return List.copyOf(disks.values());
    }

    /** Returns what is durable on each of them. */
    Map<Path, LossyDisk.Image> images() {
        Map<Path, LossyDisk.Image> images = new LinkedHashMap<>();
        disks.forEach((directory, disk) -> images.put(directory, disk.image()));
        return images;
    }

    /** Puts images in the place of what is on the disks, which no store uses; a disk without one keeps what it has. */
    void restore(Map<Path, LossyDisk.Image> images) {
        images.forEach((directory, image) -> disk(directory).restore(image));
    }

    /** Makes the n-th sync from now on fail, over all disks; 1 is the next, 0 takes it back. */
    public void failSync(int nth) {
        untilFailedSync = nth;
    }

    /** Crashes the machine inside the n-th sync from now on, over all disks; 1 is the next, 0 takes it back. */
    public void crashInSync(int nth) {
        untilCrashInSync = nth;
    }

    /** Crashes the machine inside the n-th append from now on, over all disks; 1 is the next, 0 takes it back. */
    public void crashInAppend(int nth) {
        untilCrashInAppend = nth;
    }

    void crash() {
        disks.values().forEach(LossyDisk::crash);
    }

    private final class Faults implements DiskFaults {

        @Override
        public void append(LogId log, WalBatch batch) {
            if (untilCrashInAppend > 0 && --untilCrashInAppend == 0) {
                throw machine.crashing("inside an append");
            }
        }

        @Override
        public void sync() {
            if (untilCrashInSync > 0 && --untilCrashInSync == 0) {
                throw machine.crashing("inside a sync");
            }
            if (untilFailedSync > 0 && --untilFailedSync == 0) {
                machine.note("sync fails");
                throw new TidalException(ErrorCode.STORE_FAILED, "the disk failed, as a simulation has asked for");
            }
        }
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
        LossyDisk disk = disk(context.directory());
        if (!machine.isRunning()) {
            throw new MachineCrash(machine.id(), "it does not run any more");
        }
        int left = disk.unsyncedBatches();
        long before = disk.bytes();
        WalStore store = stores.create(context);
        machine.note("store opens: of " + left + " batches that were not synced, " + (before - disk.bytes())
                + " bytes are lost");
        return store;
    }

    @Override
    public void inspect(Path directory, WalInspection inspection) {
        stores.inspect(directory, inspection);
    }
}
