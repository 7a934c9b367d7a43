package io.tidaldb.core.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.LogId;
import io.tidaldb.api.wal.WalStore;
import io.tidaldb.api.wal.WalStoreContext;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.testkit.BatchSequence;
import io.tidaldb.testkit.WalStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MemoryWalStoreContractTest extends WalStoreContract {

    @Override
    protected WalStoreFactory factory() {
        return new MemoryWalStoreFactory();
    }

    @Test
    void keepsNothingAndSaysSo() {
        WalStoreContext context = new WalStoreContext(
                Path.of("unused"), RegionId.of(0), WalStoreContext.DEFAULT_SEGMENT_BYTES, Runnable::run);
        LogId log = LogId.own(TenantId.of(42), new Origin(RegionId.of(0), ShardId.of(0), 0));
        try (WalStore store = factory().create(context)) {
            store.append(log, new BatchSequence(log).next(3));
            store.sync();
        }
        try (WalStore again = factory().create(context)) {
            assertThat(again.logs()).isEmpty();
        }
        assertThat(factory().durable()).isFalse();
    }
}
