package io.tidaldb.core.leading;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Nodes that could not be handed what prefers them")
class ReturnWaitsTest {

    private static final NodeId NODE = NodeId.of("n1");
    private static final NodeId OTHER = NodeId.of("n2");

    // Nothing is left to chance: half of a wait is certain.
    private final ReturnWaits waits = new ReturnWaits(Duration.ofSeconds(10), () -> 0);

    private boolean isOver(NodeId node, long seconds) {
        return waits.isOver(node, Duration.ofSeconds(seconds).toNanos());
    }

    @Test
    @DisplayName("wait for longer each time, up to a limit, and others do not wait")
    void longerEachTime() {
        assertThat(isOver(NODE, 0)).isTrue();
        waits.failed(NODE, 0);
        assertThat(isOver(NODE, 4)).isFalse();
        assertThat(isOver(NODE, 5)).isTrue();
        waits.failed(NODE, 0);
        assertThat(isOver(NODE, 9)).isFalse();
        assertThat(isOver(NODE, 10)).isTrue();
        for (int i = 0; i < 100; i++) {
            waits.failed(NODE, 0);
        }
        assertThat(isOver(NODE, 149)).isFalse();
        assertThat(isOver(NODE, 150)).isTrue();
        assertThat(isOver(OTHER, 0)).isTrue();
    }

    @Test
    @DisplayName("begin anew when they have been away")
    void beginsAnew() {
        for (int i = 0; i < 100; i++) {
            waits.failed(NODE, 0);
        }
        waits.forget(NODE);
        assertThat(isOver(NODE, 0)).isTrue();
        waits.failed(NODE, 0);
        assertThat(isOver(NODE, 5)).isTrue();
    }

    @Test
    @DisplayName("wait as long each time while nobody waits for them")
    void unready() {
        for (int i = 0; i < 100; i++) {
            waits.unready(NODE, 0);
        }
        assertThat(isOver(NODE, 4)).isFalse();
        assertThat(isOver(NODE, 5)).isTrue();
        waits.failed(NODE, 0);
        assertThat(isOver(NODE, 5)).isTrue();
    }
}
