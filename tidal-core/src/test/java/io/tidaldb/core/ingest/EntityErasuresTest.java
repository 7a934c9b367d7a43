package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.core.codec.ControlRecord;
import io.tidaldb.core.codec.OriginSet;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-71: What the erasure of an entity rules out")
class EntityErasuresTest {

    private static final long ENTITY = 42;
    private static final Origin FIRST = new Origin(RegionId.of(1), ShardId.of(0), 1);
    private static final Origin SECOND = new Origin(RegionId.of(2), ShardId.of(0), 1);

    private static TenantShard slot() {
        return new FoldReplica(0, Path.of(""), false).shard;
    }

    @Test
    @DisplayName("is also what a former leader may have written, before anything of it is here and before it is closed")
    void former() {
        TenantShard slot = slot();
        slot.ledBy(slot.replica(), NodeId.of("n0"), 2, OriginSet.of(List.of(FIRST, slot.origin)));
        assertThat(slot.notes.closed().contains(FIRST)).isFalse();
        OriginSet origins = slot.erasure(1, ENTITY).origins();
        assertThat(origins.contains(FIRST)).isTrue();
        assertThat(origins.contains(slot.origin)).isFalse();
    }

    @Test
    @DisplayName("is what who logged it last has ruled out, if two leaders have, in whatever order that comes")
    void loggedTwice() {
        ControlRecord.Erase first = new ControlRecord.Erase(1, ENTITY, OriginSet.NONE, List.of());
        ControlRecord.Erase second = new ControlRecord.Erase(1, ENTITY, OriginSet.of(List.of(FIRST)), List.of());
        TenantShard one = slot();
        one.erase(FIRST, FIRST.startSeqno() + 5, first);
        one.erase(SECOND, SECOND.startSeqno() + 3, second);
        TenantShard other = slot();
        other.erase(SECOND, SECOND.startSeqno() + 3, second);
        other.erase(FIRST, FIRST.startSeqno() + 5, first);
        assertThat(one.erasures.image()).isEqualTo(other.erasures.image());
        assertThat(other.erasures.isErased(FIRST, ENTITY)).isTrue();
        TreeMap<Origin, Long> positions = new TreeMap<>();
        positions.put(FIRST, FIRST.startSeqno() + 7);
        positions.put(SECOND, SECOND.startSeqno() + 9);
        assertThat(one.erasures.note(1).orElseThrow().closed(positions).records())
                .isEqualTo(7);
    }
}
