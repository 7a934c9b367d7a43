package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.testkit.BatchSequence;
import java.nio.file.Path;
import java.time.Duration;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The disks of a simulated machine")
class SimulatedDisksTest {

    private static final LogId LOG = LogId.own(TenantId.of(42), new Origin(RegionId.of(0), ShardId.of(0), 0));

    private static WalStore open(SimulatedMachine machine) {
        return machine.disks()
                .create(new WalStoreContext(
                        Path.of("s0"), RegionId.of(0), WalStoreContext.DEFAULT_SEGMENT_BYTES, Runnable::run));
    }

    private static SimulatedMachine machine(long seed) {
        return new SimulatedWorld(seed, Trace.off()).machine(NodeId.of("n0"), MachineProfile.DEFAULT);
    }

    @Test
    @DisplayName("what was synced survives a crash inside a sync, what was not may, and both happen")
    void crashInSync() {
        TreeSet<Long> survived = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            SimulatedMachine machine = machine(seed);
            WalStore store = open(machine);
            BatchSequence batches = new BatchSequence(LOG);
            machine.disks().crashInSync(2);
            store.append(LOG, batches.next(1));
            store.sync();
            store.append(LOG, batches.next(1));
            store.append(LOG, batches.next(1));
            assertThatThrownBy(store::sync).isInstanceOf(MachineCrash.class).hasMessageContaining("inside a sync");
            assertThat(machine.isRunning()).isFalse();
            assertThatThrownBy(() -> open(machine)).isInstanceOf(MachineCrash.class);
            store.close();
            machine.restart();
            survived.add(open(machine).status(LOG).lastSeqno());
        }
        assertThat(survived).containsExactly(1L, 2L, 3L);
    }

    @Test
    @DisplayName("a crash inside an append leaves that batch or not, and nothing after it")
    void crashInAppend() {
        TreeSet<Long> survived = new TreeSet<>();
        for (int seed = 0; seed < 50; seed++) {
            SimulatedMachine machine = machine(seed);
            machine.disks().crashInAppend(1);
            machine.scheduler().execute(() -> open(machine).append(LOG, new BatchSequence(LOG).next(3)));
            run(machine);
            assertThat(machine.isRunning()).isFalse();
            machine.restart();
            survived.add(open(machine).status(LOG).lastSeqno());
        }
        assertThat(survived).containsExactly(0L, 3L);
    }

    private static void run(SimulatedMachine machine) {
        machine.world().runFor(Duration.ofSeconds(1));
    }

    @Test
    @DisplayName("a failed sync fails the store and not the machine; after a crash from outside the store is dead")
    void failSync() {
        SimulatedMachine machine = machine(1);
        WalStore store = open(machine);
        BatchSequence batches = new BatchSequence(LOG);
        machine.disks().failSync(1);
        store.append(LOG, batches.next(1));
        assertThatThrownBy(store::sync)
                .isInstanceOfSatisfying(
                        TidalException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.STORE_FAILED));
        assertThat(machine.isRunning()).isTrue();
        WalStore again = open(machine);
        machine.crash("as a test has asked for");
        assertThatThrownBy(again::sync).isInstanceOf(TidalException.class);
        assertThat(machine.disks().all()).containsExactly(machine.disks().disk(Path.of("s0")));
    }
}
