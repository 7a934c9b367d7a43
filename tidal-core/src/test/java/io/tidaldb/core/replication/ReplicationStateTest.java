package io.tidaldb.core.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.Seqno;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.wal.LogId;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-33 what a replica holds")
class ReplicationStateTest {

    private static final TenantId TENANT = TenantId.of(7);
    private static final ShardId SHARD = ShardId.of(3);

    private static LogPosition position(int region, int incarnation, long last) {
        Origin origin = new Origin(RegionId.of(region), SHARD, incarnation);
        return new LogPosition(origin, Seqno.of(incarnation, 1), Seqno.of(incarnation, last), last * 31);
    }

    @Test
    @DisplayName("R-33: a slot's positions are its own, in the order of origins")
    void positionsOfASlot() {
        LogPosition first = position(0, 0, 5);
        LogPosition second = position(0, 2, 6);
        LogPosition last = new LogPosition(
                new Origin(RegionId.of(0xFFFF), ShardId.of(0xFFFF), Seqno.MAX_INCARNATION),
                Seqno.of(Seqno.MAX_INCARNATION, 1),
                Seqno.of(Seqno.MAX_INCARNATION, 9),
                1);
        ReplicationState state = ReplicationState.builder()
                .put(TENANT, SHARD, last)
                .put(TENANT, SHARD, second)
                .put(TENANT, SHARD, first)
                .put(TENANT, ShardId.of(2), last)
                .put(TENANT, ShardId.of(4), first)
                .put(TenantId.of(6), SHARD, last)
                .put(TenantId.of(-1), SHARD, first)
                .build();
        assertThat(state.positions(TENANT, SHARD)).containsExactly(first, second, last);
        assertThat(state.positions(TenantId.of(8), SHARD)).isEmpty();
        assertThat(state.position(new LogId(SHARD, TENANT, second.origin()))).isEqualTo(second);
        assertThat(state.position(new LogId(ShardId.of(9), TENANT, second.origin())))
                .isNull();
        assertThat(ReplicationState.of(TENANT, SHARD, state.positions(TENANT, SHARD))
                        .logs())
                .hasSize(3);
    }

    @Test
    void doesNotChangeWithItsBuilder() {
        ReplicationState.Builder builder = ReplicationState.builder().put(TENANT, SHARD, position(0, 0, 5));
        ReplicationState state = builder.build();
        builder.put(TENANT, SHARD, position(0, 0, 6));
        assertThat(state).isEqualTo(ReplicationState.of(TENANT, SHARD, List.of(position(0, 0, 5))));
    }

    @Test
    void refusesAPositionOfAnotherOrigin() {
        LogId log = new LogId(SHARD, TENANT, new Origin(RegionId.of(1), SHARD, 0));
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() ->
                        ReplicationState.builder().put(log, position(0, 0, 5)).build());
    }
}
