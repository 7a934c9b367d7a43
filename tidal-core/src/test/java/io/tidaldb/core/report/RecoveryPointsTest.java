package io.tidaldb.core.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Durability;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.core.ClusterHealth.Extent;
import io.tidaldb.core.ClusterHealth.RecoveryPoint;
import io.tidaldb.core.report.Redundancy.Copy;
import io.tidaldb.core.report.Redundancy.Slot;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-53: What a slot loses with the region that takes its writes")
class RecoveryPointsTest {

    private static final Copy LEADER = copy(0, 0);

    private static Copy copy(int node, int region) {
        return new Copy(NodeId.of("n" + node), RegionId.of(region), true, true);
    }

    private static Slot slot(Durability level, Copy... members) {
        return new Slot(List.of(members), LEADER.node(), level);
    }

    private static RecoveryPoint point(Extent extent, long records, long millis) {
        return new RecoveryPoint(RegionId.of(0), extent, records, millis);
    }

    @Test
    @DisplayName("is what the one lacks that lacks least, of those in other regions")
    void latest() {
        Slot slot = slot(Durability.LOCAL, LEADER, copy(1, 0), copy(2, 1), copy(3, 2));
        Map<String, long[]> behind =
                Map.of("n1", new long[] {1, 5}, "n2", new long[] {70, 900}, "n3", new long[] {7, 90});
        assertThat(RecoveryPoints.of(slot, LEADER, behind)).isEqualTo(point(Extent.LATEST, 7, 90));
        assertThat(RecoveryPoints.of(slot, LEADER, Map.of("n2", new long[] {70, 900})))
                .isEqualTo(point(Extent.NOTHING, 0, 0));
    }

    @Test
    @DisplayName("is nothing where writes wait for others, unless too many of those are in the region")
    void quorum() {
        Map<String, long[]> behind = Map.of("n1", new long[] {9, 90}, "n2", new long[] {9, 90});
        assertThat(RecoveryPoints.of(slot(Durability.MAJORITY, LEADER, copy(1, 1), copy(2, 2)), LEADER, behind))
                .isEqualTo(point(Extent.NOTHING, 0, 0));
        assertThat(RecoveryPoints.of(slot(Durability.MAJORITY, LEADER, copy(1, 0), copy(2, 2)), LEADER, behind))
                .isEqualTo(point(Extent.LATEST, 9, 90));
        assertThat(RecoveryPoints.of(slot(Durability.ALL, LEADER, copy(1, 0), copy(2, 2)), LEADER, behind))
                .isEqualTo(point(Extent.NOTHING, 0, 0));
    }

    @Test
    @DisplayName("is everything where no other region holds it, and not known where nobody says")
    void notKnown() {
        assertThat(RecoveryPoints.of(slot(Durability.ALL, LEADER, copy(1, 0)), LEADER, Map.of()))
                .isEqualTo(point(Extent.EVERYTHING, -1, -1));
        Slot slot = slot(Durability.LOCAL, LEADER, copy(1, 1), copy(2, 2));
        assertThat(RecoveryPoints.of(slot, LEADER, null)).isEqualTo(point(Extent.UNKNOWN, -1, -1));
        Map<String, long[]> silent = Map.of("n1", new long[] {0, -1}, "n2", new long[] {4, 40});
        assertThat(RecoveryPoints.of(slot, LEADER, silent)).isEqualTo(point(Extent.LATEST, 4, 40));
    }

    @Test
    @DisplayName("adds up over slots, and what is worse than the latest stands for both")
    void both() {
        RecoveryPoint some = point(Extent.LATEST, 4, 40);
        assertThat(RecoveryPoints.both(some, point(Extent.LATEST, 3, 90))).isEqualTo(point(Extent.LATEST, 7, 90));
        assertThat(RecoveryPoints.both(some, point(Extent.NOTHING, 0, 0))).isEqualTo(some);
        assertThat(RecoveryPoints.both(some, point(Extent.UNKNOWN, -1, -1)).extent())
                .isEqualTo(Extent.UNKNOWN);
        assertThat(RecoveryPoints.both(point(Extent.EVERYTHING, -1, -1), point(Extent.UNKNOWN, -1, -1))
                        .extent())
                .isEqualTo(Extent.EVERYTHING);
    }
}
