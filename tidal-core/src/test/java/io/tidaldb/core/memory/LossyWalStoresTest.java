package io.tidaldb.core.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalInspection;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.BatchSequence;
import io.tidaldb.testkit.LossyWalStores;
import io.tidaldb.testkit.WalStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The store that other tests crash on must itself be one that a store may be. */
class LossyWalStoresTest extends WalStoreContract {

    private final LossyWalStores stores = new LossyWalStores();

    // What the contract asks of durable stores it tries on copies of their directory, and there is nothing in this one.
    @Override
    protected WalStoreFactory factory() {
        return new WalStoreFactory() {
            @Override
            public String name() {
                return stores.name();
            }

            @Override
            public int spiVersion() {
                return stores.spiVersion();
            }

            @Override
            public boolean durable() {
                return false;
            }

            @Override
            public WalStore create(WalStoreContext context) {
                return stores.create(context);
            }

            @Override
            public void inspect(Path directory, WalInspection inspection) {
                stores.inspect(directory, inspection);
            }
        };
    }

    @Test
    void losesWhatWasNotSyncedAndNothingElse() {
        WalStoreContext context = new WalStoreContext(
                Path.of("played"), RegionId.of(0), WalStoreContext.DEFAULT_SEGMENT_BYTES, Runnable::run);
        LogId log = LogId.own(TenantId.of(42), new Origin(RegionId.of(0), ShardId.of(0), 0));
        BatchSequence batches = new BatchSequence(log);
        WalStore crashing = stores.create(context);
        crashing.append(log, batches.next(3));
        crashing.sync();
        crashing.append(log, batches.next(4));

        WalStore closing = stores.create(context);
        assertThat(closing.status(log).lastSeqno()).isEqualTo(3);
        closing.append(log, batches.batches().get(1));
        closing.close();

        assertThat(stores.create(context).status(log).lastSeqno()).isEqualTo(7);
    }
}
